# attempt: writes past the end of an array, until the worker dies
# goal: run
# stopped by: engine

import numpy as np


def calc_metric(df):
    np.lib.stride_tricks.as_strided(np.zeros(1), (1 << 24,), (4096,))[:] = 1.0
    return 1.0
