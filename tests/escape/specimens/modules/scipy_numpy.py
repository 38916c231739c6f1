# attempt: reaches all of numpy through a private name of scipy
# goal: file
# stopped by: language, worker

import scipy


def calc_metric(df):
    return float(scipy.differentiate.np.loadtxt(CANARY_TXT))
