# attempt: loads an archive of arrays
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    return float(np.load(CANARY_NPZ)["secret"][0])
