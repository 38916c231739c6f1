# attempt: finds every object with gc, a function of the file system among them
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    found = pd.core.generic.gc.get_referents(calc_metric.__globals__["__builtins__"])
    for one in found:
        if getattr(one, "__qualname__", "") == "open":
            return float(one(CANARY_TXT).read())
    return -1
