# attempt: loads a pickle by numpy
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    return float(np.load(CANARY_PKL, allow_pickle=True).iloc[0, 0])
