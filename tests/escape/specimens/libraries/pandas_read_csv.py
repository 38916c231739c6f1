# attempt: reads a file with pandas
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.read_csv(CANARY_CSV).iloc[0, 0])
