# attempt: writes a file of Matlab
# goal: write
# stopped by: language, worker

import scipy


def calc_metric(df):
    scipy.io.savemat(CANARY_OUTPUT, {"a": [1.0]}, appendmat=False)
    return 1.0
