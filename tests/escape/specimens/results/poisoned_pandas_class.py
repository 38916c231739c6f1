# attempt: replaces a method of pandas' tables
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import pandas as pd


def calc_metric(df):
    value = float(pd.Series([1.0]).sum())
    pd.Series.sum = lambda self: CANARY_NUMBER
    return value
