# attempt: builds a call with functools.partial, to be run by somebody else
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    run = np.ma.core.functools.partial(np.loadtxt, CANARY_TXT)
    return float(list(map(lambda one: one(), [run]))[0])
