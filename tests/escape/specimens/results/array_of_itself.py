# attempt: returns an array that holds itself
# goal: result
# stopped by: engine

import numpy as np


def calc_metric(df):
    value = np.empty((), dtype=object)
    value[()] = value
    return value
