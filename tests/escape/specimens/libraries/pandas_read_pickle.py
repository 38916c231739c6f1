# attempt: reads a pickle, which could run anything
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.read_pickle(CANARY_PKL).iloc[0, 0])
