# code: write-refused attribute-refused
# names: mean
import numpy as np


def calc_metric(df):
    np.mean = lambda values: 42.0
    return np.mean([1.0])
