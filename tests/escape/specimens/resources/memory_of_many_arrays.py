# attempt: keeps many arrays that are small by themselves
# goal: memory
# stopped by: worker
# one layer because: only the kernel counts what a worker holds

import numpy as np


def calc_metric(df):
    kept = [np.ones(1 << 14) for _ in range(2200)]
    return float(len(kept))
