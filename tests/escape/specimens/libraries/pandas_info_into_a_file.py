# attempt: has info write into a file
# goal: write
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    with open(CANARY_OUTPUT, "w") as found:
        pd.DataFrame({"a": [1]}).info(buf=found)
    return 1.0
