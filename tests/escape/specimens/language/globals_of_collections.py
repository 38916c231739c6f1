# attempt: reads the globals of collections.namedtuple
# goal: file
# stopped by: language, worker

import collections


def calc_metric(df):
    return float(collections.namedtuple.__globals__["_sys"].modules["io"].open(CANARY_TXT).read())
