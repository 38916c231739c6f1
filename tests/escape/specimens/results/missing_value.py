# attempt: returns the missing value of pandas
# goal: result
# stopped by: engine

import pandas as pd


def calc_metric(df):
    return pd.NA
