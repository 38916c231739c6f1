# attempt: replaces a constant of math
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import math


def calc_metric(df):
    value = math.pi
    math.pi = CANARY_NUMBER
    return value
