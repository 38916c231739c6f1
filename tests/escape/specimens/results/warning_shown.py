# attempt: has a library warn, which tells the line of its file
# goal: host
# stopped by: engine

import numpy as np


def calc_metric(df):
    print(np.float64(1) / np.float64(0))
    return float(np.array([]).mean())
