# attempt: changes how pandas computes, for all frames
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import pandas as pd


def calc_metric(df):
    found = pd.get_option("mode.chained_assignment")
    pd.set_option("mode.chained_assignment", None)
    return 1.0 if found == "warn" else CANARY_NUMBER
