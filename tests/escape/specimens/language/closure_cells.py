# attempt: reads what a closure of the engine's side may hold
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    for name in ("mean", "load"):
        wrapped = getattr(getattr(np, name), "__wrapped__", None)
        if wrapped is not None and "__builtins__" in wrapped.__globals__:
            return float(wrapped.__globals__["__builtins__"]["open"](CANARY_TXT).read())
    return -1
