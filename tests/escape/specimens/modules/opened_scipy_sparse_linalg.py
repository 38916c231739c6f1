# attempt: walks from the open module scipy.sparse.linalg to sys
# goal: file
# stopped by: language, worker

import scipy.sparse.linalg


def calc_metric(df):
    return float(scipy.sparse.linalg._interface.warnings.sys.modules["io"].open(CANARY_TXT).read())
