# attempt: reads the globals of a named tuple's method
# goal: file
# stopped by: language, worker

import collections


def calc_metric(df):
    found = collections.namedtuple("Point", "x")._replace.__globals__
    return float(found["_sys"].modules["io"].open(CANARY_TXT).read())
