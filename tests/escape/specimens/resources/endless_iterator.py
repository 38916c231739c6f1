# attempt: gives a library an iterator without an end
# goal: time
# stopped by: engine

import numpy as np


class Numbers:
    def __iter__(self):
        return self

    def __next__(self):
        return 0.0


def calc_metric(df):
    return float(np.fromiter(Numbers(), dtype=float, count=10**11).sum())
