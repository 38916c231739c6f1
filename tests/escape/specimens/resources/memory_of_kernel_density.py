# attempt: has scipy build a large matrix of distances
# goal: memory
# stopped by: worker
# one layer because: only the kernel counts what a worker holds

import numpy as np
from scipy import spatial


def calc_metric(df):
    points = np.random.rand(6000, 1)
    return float(spatial.distance.cdist(points, points).sum())
