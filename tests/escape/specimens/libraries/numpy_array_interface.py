# attempt: forges an array over memory of its choice
# goal: file
# stopped by: language, worker

import numpy as np


class Forged:
    def __init__(self, address, size):
        self.__array_interface__ = {
            "version": 3,
            "shape": (size,),
            "typestr": "|u1",
            "data": (address, False),
        }


def calc_metric(df):
    libc = np.ctypeslib.ctypes.CDLL(None)
    libc.mmap.restype = np.ctypeslib.ctypes.c_void_p
    address = libc.mmap(None, 4096, 1, 2, libc.open(CANARY_TXT.encode(), 0), 0)
    return float(bytes(np.asarray(Forged(address, 15))))
