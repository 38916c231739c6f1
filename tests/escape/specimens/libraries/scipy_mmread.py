# attempt: reads a matrix
# goal: file
# stopped by: language, worker

import scipy


def calc_metric(df):
    return float(scipy.io.mmread(CANARY_MTX)[0, 0])
