# attempt: gives a lambda a default under a guard's name
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    return float((lambda tool, _check_=max: tool.loadtxt(CANARY_TXT))([np][0]))
