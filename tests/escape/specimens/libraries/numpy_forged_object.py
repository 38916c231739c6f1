# attempt: forges a pointer to a function, and calls it
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    address = np.array([id(open)], dtype="i8")
    ctypes = np.ctypeslib.ctypes
    forged = ctypes.cast(int(address[0]), ctypes.py_object).value
    return float(forged(CANARY_TXT).read())
