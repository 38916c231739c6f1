# attempt: reserves a million by a million numbers
# goal: run
# stopped by: engine

import numpy as np


def calc_metric(df):
    return float(np.zeros((10**6, 10**6))[0, 0])
