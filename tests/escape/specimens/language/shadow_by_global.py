# attempt: declares a guard global and deletes it
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    global _check_
    _check_ = lambda obj, name: obj
    return float([np][0].loadtxt(CANARY_TXT))
