# attempt: makes a function of another one's code, with globals of its choice
# goal: file
# stopped by: language, worker

import math


def target():
    return open(CANARY_TXT).read()


def calc_metric(df):
    kind = type(target)
    return float(kind(target.__code__, {"open": target.__globals__["__builtins__"]["open"]})())
