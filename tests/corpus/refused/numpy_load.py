# code: attribute-refused
# names: load
import numpy as np


def calc_metric(df):
    return np.load("/tmp/weights.npy").sum()
