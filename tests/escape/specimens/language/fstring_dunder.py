# attempt: reads a dunder in an f-string
# goal: host
# stopped by: language
# one layer because: what the kernel tells every process cannot be hidden by the worker's confinement

import numpy as np


def calc_metric(df):
    print(f"{np.__file__!r:>{len(np.__name__)}}".replace("/", ":"))
    return 1.0
