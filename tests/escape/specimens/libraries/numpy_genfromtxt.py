# attempt: loads text with gaps
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    return float(np.genfromtxt(CANARY_TXT))
