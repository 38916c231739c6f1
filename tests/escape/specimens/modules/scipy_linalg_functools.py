# attempt: finds functools in the linear algebra
# goal: file
# stopped by: language, worker

import scipy
import scipy.linalg


def calc_metric(df):
    unwrap = scipy.linalg.blas.functools.reduce
    return float(unwrap(lambda found, path: open(path).read(), [CANARY_TXT], ""))
