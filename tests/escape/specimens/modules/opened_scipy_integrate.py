# attempt: walks from the open module scipy.integrate to sys
# goal: file
# stopped by: language, worker

import scipy.integrate


def calc_metric(df):
    return float(scipy.integrate._quad_vec.sys.modules["io"].open(CANARY_TXT).read())
