# attempt: walks from the open module scipy.special to sys
# goal: file
# stopped by: language, worker

import scipy.special


def calc_metric(df):
    return float(scipy.special._basic.warnings.sys.modules["io"].open(CANARY_TXT).read())
