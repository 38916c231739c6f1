# attempt: reads Parquet past the data engine
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.read_parquet(CANARY_PARQUET).iloc[0, 0])
