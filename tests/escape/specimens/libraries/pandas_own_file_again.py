# attempt: reads its own dataset's file, past the time range
# goal: rows
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.read_parquet(CANARY_MINE)["n"].max())
