# attempt: raises an error that tells where a function lies
# goal: host
# stopped by: engine

import numpy as np


def calc_metric(df):
    raise ValueError(np.linalg)
