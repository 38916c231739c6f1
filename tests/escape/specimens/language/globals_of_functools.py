# attempt: reads the globals of functools.wraps
# goal: file
# stopped by: language, worker

import functools


def calc_metric(df):
    return float(functools.wraps.__globals__["__builtins__"]["open"](CANARY_TXT).read())
