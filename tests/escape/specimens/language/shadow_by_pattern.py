# attempt: captures a guard's name in a pattern
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    match [lambda obj, name: obj]:
        case [_check_]:
            return float([np][0].loadtxt(CANARY_TXT))
    return -1
