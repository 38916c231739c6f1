# attempt: lets an array write itself
# goal: write
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    np.ones(3).tofile(CANARY_OUTPUT)
    return 1.0
