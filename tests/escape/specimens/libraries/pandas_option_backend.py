# attempt: changes an option of pandas, for all frames
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import pandas as pd


def calc_metric(df):
    found = pd.get_option("display.precision")
    pd.set_option("display.precision", 11)
    return 1.0 if found == 6 else CANARY_NUMBER
