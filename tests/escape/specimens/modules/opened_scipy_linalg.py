# attempt: walks from the open module scipy.linalg to sys
# goal: file
# stopped by: language, worker

import scipy.linalg


def calc_metric(df):
    return float(scipy.linalg._basic.warnings.sys.modules["io"].open(CANARY_TXT).read())
