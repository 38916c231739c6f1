# attempt: reads the function of a cached property
# goal: file
# stopped by: language, worker

import functools


def calc_metric(df):
    found = functools.cached_property.__init__.__globals__
    return float(found["__builtins__"]["open"](CANARY_TXT).read())
