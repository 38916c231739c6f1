# attempt: becomes another program
# goal: process
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    libc = np.ctypeslib.ctypes.CDLL(None)
    script = f"exec -a {CANARY_MARK} sleep 30 &".encode()
    words = (np.ctypeslib.ctypes.c_char_p * 4)(b"bash", b"-c", script, None)
    libc.close_range(3, 1000, 0)
    return float(libc.execv(b"/bin/bash", words))
