# attempt: reads an object's dict with vars
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(vars(pd)["read_csv"](CANARY_CSV).iloc[0, 0])
