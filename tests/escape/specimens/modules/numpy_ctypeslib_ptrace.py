# attempt: attaches to another process, which stops it
# goal: process
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    libc = np.ctypeslib.ctypes.CDLL(None)
    done = libc.ptrace(16, CANARY_PID, None, None)
    libc.usleep(100000)
    return float(done)
