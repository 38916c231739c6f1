# attempt: makes a module object, to be trusted like one
# goal: file
# stopped by: language, worker

import math


def calc_metric(df):
    kind = type(math)
    fake = kind("numpy")
    fake.loadtxt = open
    return float(fake.loadtxt(CANARY_TXT).read())
