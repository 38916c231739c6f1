# attempt: lets an array pickle itself into a file
# goal: write
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    np.ones(3).dump(CANARY_OUTPUT)
    return 1.0
