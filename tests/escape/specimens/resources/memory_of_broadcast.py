# attempt: multiplies two vectors into a matrix
# goal: memory
# stopped by: worker
# one layer because: only the kernel counts what a worker holds

import numpy as np


def calc_metric(df):
    return float(np.multiply.outer(np.ones(6000), np.ones(6000)).sum())
