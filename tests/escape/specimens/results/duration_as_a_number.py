# attempt: returns a duration, whose class inherits from integers
# goal: result
# stopped by: engine

import numpy as np


def calc_metric(df):
    return np.timedelta64(1, "s")
