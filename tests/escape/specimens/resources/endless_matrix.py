# attempt: multiplies large matrices, again and again
# goal: time
# stopped by: engine

import numpy as np


def calc_metric(df):
    square = np.ones((2000, 2000))
    while True:
        square = square @ square / 2000.0
