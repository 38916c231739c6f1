# attempt: finds io in the module that reads old pickles
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(pd.compat.pickle_compat.io.FileIO(CANARY_TXT).read())
