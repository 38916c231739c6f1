# attempt: lets agg call a method by its name
# goal: write
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    pd.Series([1.0]).agg("to_csv", 0, CANARY_OUTPUT)
    return 1.0
