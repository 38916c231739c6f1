# attempt: writes through an index turned into a series
# goal: write
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    pd.Index([1, 2]).to_series().to_csv(CANARY_OUTPUT)
    return 1.0
