import numpy as np


def calc_metric(df):
    return np.average(df.collect().columns.age)
