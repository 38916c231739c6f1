# attempt: opens a file by the C library
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    ctypes = np.ctypeslib.ctypes
    libc = ctypes.CDLL(None)
    place = ctypes.create_string_buffer(100)
    handle = libc.open(CANARY_TXT.encode(), 0)
    libc.read(handle, place, 100)
    return float(place.value)
