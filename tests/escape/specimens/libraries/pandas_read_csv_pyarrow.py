# attempt: reads a file by the other engine of pandas, which opens it in C++
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.read_csv(CANARY_CSV, engine="pyarrow").iloc[0, 0])
