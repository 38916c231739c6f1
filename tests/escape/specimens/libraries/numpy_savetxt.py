# attempt: saves text
# goal: write
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    np.savetxt(CANARY_OUTPUT, np.ones(3))
    return 1.0
