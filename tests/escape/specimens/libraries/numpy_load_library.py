# attempt: loads a shared library by name
# goal: process
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    libc = np.ctypeslib.load_library("libc.so.6", "/lib/x86_64-linux-gnu")
    return float(libc.kill(CANARY_PID, 19))
