# attempt: reads a file as a table
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.read_table(CANARY_CSV).iloc[0, 0])
