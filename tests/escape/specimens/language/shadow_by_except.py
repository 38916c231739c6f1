# attempt: catches an exception under a guard's name
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    try:
        raise ValueError
    except ValueError as _check_:
        return float([np][0].loadtxt(CANARY_TXT))
