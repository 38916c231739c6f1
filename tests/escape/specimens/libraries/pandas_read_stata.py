# attempt: reads a file of Stata
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.read_stata(CANARY_DTA).iloc[0, 1])
