# attempt: names star arguments like guards
# goal: file
# stopped by: language, worker

import numpy as np


def read(*_check_, **_open_):
    tool = [np][0]
    return tool.loadtxt(CANARY_TXT)


def calc_metric(df):
    return float(read(1))
