# attempt: returns an array of no dimensions that holds an object
# goal: result
# stopped by: engine

import numpy as np


def calc_metric(df):
    return np.array({"a": 1}, dtype=object)
