# attempt: gives pandas a file's address
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.read_csv("file://" + CANARY_CSV).iloc[0, 0])
