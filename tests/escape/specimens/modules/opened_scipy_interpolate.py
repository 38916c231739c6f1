# attempt: walks from the open module scipy.interpolate to sys
# goal: file
# stopped by: language, worker

import scipy.interpolate


def calc_metric(df):
    return float(scipy.interpolate._bary_rational.warnings.sys.modules["io"].open(CANARY_TXT).read())
