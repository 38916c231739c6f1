# attempt: fills an array of a quarter of a gigabyte
# goal: memory
# stopped by: worker
# one layer because: only the kernel counts what a worker holds

import numpy as np


def calc_metric(df):
    return float(np.ones(1 << 25)[-1])
