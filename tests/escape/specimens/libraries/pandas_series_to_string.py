# attempt: writes a series as text, to a path
# goal: write
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    pd.Series([1]).to_string(CANARY_OUTPUT)
    return 1.0
