# attempt: walks from a class that wraps a dict
# goal: file
# stopped by: language, worker

import collections


def calc_metric(df):
    return float(collections.UserDict.__init__.__globals__["_sys"].modules["io"].open(CANARY_TXT).read())
