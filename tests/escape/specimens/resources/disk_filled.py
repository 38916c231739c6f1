# attempt: fills a file with a few megabytes
# goal: write
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    np.zeros(1 << 19).tofile(CANARY_OUTPUT)
    return 1.0
