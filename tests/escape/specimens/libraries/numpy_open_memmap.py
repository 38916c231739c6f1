# attempt: makes an array on disk
# goal: write
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    np.lib.format.open_memmap(CANARY_OUTPUT, mode="w+", shape=(2,))
    return 1.0
