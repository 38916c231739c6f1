# attempt: reads a file of fixed columns
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.read_fwf(CANARY_CSV).iloc[0, 0])
