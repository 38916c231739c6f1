# attempt: lowers the limits of another process
# goal: process
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    libc = np.ctypeslib.ctypes.CDLL(None)
    return float(libc.prlimit(CANARY_PID, 7, (np.ctypeslib.ctypes.c_uint64 * 2)(9, 9), None))
