# attempt: saves an array
# goal: write
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    np.save(CANARY_OUTPUT, np.ones(3))
    return 1.0
