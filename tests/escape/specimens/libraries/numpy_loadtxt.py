# attempt: loads text
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    return float(np.loadtxt(CANARY_TXT))
