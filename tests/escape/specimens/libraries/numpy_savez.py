# attempt: saves an archive of arrays
# goal: write
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    np.savez_compressed(CANARY_OUTPUT, np.ones(3))
    return 1.0
