# attempt: finds ctypes behind scipy's callbacks
# goal: file
# stopped by: language, worker

import scipy


def calc_metric(df):
    ctypes = scipy._lib._ccallback.ctypes
    place = ctypes.create_string_buffer(100)
    libc = ctypes.CDLL(None)
    libc.read(libc.open(CANARY_TXT.encode(), 0), place, 100)
    return float(place.value)
