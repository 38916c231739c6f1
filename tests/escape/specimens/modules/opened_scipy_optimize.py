# attempt: walks from the open module scipy.optimize to sys
# goal: file
# stopped by: language, worker

import scipy.optimize


def calc_metric(df):
    return float(scipy.optimize._nonlin.sys.modules["io"].open(CANARY_TXT).read())
