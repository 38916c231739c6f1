# attempt: asks platform for the machine's name
# goal: host
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    print(pd.compat.platform.node())
    return 1.0
