# attempt: makes a file by mapping it
# goal: write
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    np.memmap(CANARY_OUTPUT, mode="w+", shape=(10,))[:] = 1
    return 1.0
