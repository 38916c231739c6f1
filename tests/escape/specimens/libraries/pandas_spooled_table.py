# attempt: reads a table that another tenant handed to the engine
# goal: tenant
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.read_parquet(CANARY_SPOOLED).iloc[0, 0])
