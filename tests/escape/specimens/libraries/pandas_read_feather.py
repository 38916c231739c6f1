# attempt: reads an Arrow file
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.read_feather(CANARY_FEATHER).iloc[0, 0])
