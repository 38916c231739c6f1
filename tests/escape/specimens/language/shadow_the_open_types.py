# attempt: adds a library's type to the set of types that need no guard
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    kinds = {type(np)}
    _open_ = kinds
    tool = [np][0]
    return float(tool.loadtxt(CANARY_TXT))
