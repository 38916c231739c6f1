# attempt: crashes the worker by a null pointer
# goal: run
# stopped by: engine

import numpy as np


def calc_metric(df):
    np.ctypeslib.ctypes.string_at(0)
    return 1.0
