# attempt: returns a record of one number
# goal: result
# stopped by: engine

import numpy as np


def calc_metric(df):
    return np.zeros(1, dtype=[("a", "f8")])[0]
