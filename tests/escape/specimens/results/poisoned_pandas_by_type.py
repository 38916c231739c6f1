# attempt: replaces a method by the type of an object
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import pandas as pd


def calc_metric(df):
    table = pd.Series([1.0])
    value = float(table.mean())
    type(table).mean = lambda self: CANARY_NUMBER
    return value
