# attempt: catches the end of its memory, and goes on
# goal: run
# stopped by: engine

import numpy as np


def calc_metric(df):
    for _ in range(5):
        try:
            np.ones(1 << 40)
        except MemoryError:
            pass
    return 1.0
