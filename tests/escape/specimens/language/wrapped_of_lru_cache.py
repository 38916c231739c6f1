# attempt: reads what a cached function wraps
# goal: file
# stopped by: language, worker

import functools
import re


def calc_metric(df):
    found = functools.lru_cache(re.sub).__wrapped__.__globals__
    return float(found["__builtins__"]["open"](CANARY_TXT).read())
