# attempt: names a positional-only parameter like a guard
# goal: file
# stopped by: language, worker

import numpy as np


def read(_check_, /):
    tool = [np][0]
    return tool.loadtxt(CANARY_TXT)


def calc_metric(df):
    return float(read(lambda obj, name: obj))
