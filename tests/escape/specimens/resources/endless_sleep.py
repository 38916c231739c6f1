# attempt: sleeps in a library
# goal: time
# stopped by: engine

import pandas as pd


def calc_metric(df):
    pd.compat.sys.modules["time"].sleep(1000)
    return 1.0
