# attempt: writes a pickle
# goal: write
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    pd.Series([1]).to_pickle(CANARY_OUTPUT)
    return 1.0
