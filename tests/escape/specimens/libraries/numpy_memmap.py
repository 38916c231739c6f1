# attempt: maps a file as an array
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    return float(bytes(np.memmap(CANARY_TXT, mode="r")))
