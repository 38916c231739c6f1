# attempt: prints a module, which tells where it lies
# goal: host
# stopped by: engine

import numpy as np


def calc_metric(df):
    print(np)
    return 1.0
