# attempt: loads an array
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    return float(np.load(CANARY_NPY)[0])
