# attempt: makes a callable of a C function's address
# goal: process
# stopped by: language, worker

import numpy as np
import scipy
from scipy import integrate


def calc_metric(df):
    ctypes = np.ctypeslib.ctypes
    libc = ctypes.CDLL(None)
    run = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(lambda x: float(libc.kill(CANARY_PID, 19)))
    return float(integrate.quad(scipy.LowLevelCallable(run), 0, 1)[0])
