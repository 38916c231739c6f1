# attempt: forks by the C library, and takes another name
# goal: process
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    libc = np.ctypeslib.ctypes.CDLL(None)
    child = libc.fork()
    if child == 0:
        libc.prctl(15, CANARY_MARK.encode(), 0, 0, 0)
        libc.sleep(30)
        libc._exit(0)
    return float(child)
