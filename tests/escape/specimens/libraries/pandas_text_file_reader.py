# attempt: makes the reader's class itself
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.io.parsers.TextFileReader(CANARY_CSV).read().iloc[0, 0])
