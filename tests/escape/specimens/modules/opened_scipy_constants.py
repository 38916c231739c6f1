# attempt: walks from the open module scipy.constants to sys
# goal: file
# stopped by: language, worker

import scipy.constants


def calc_metric(df):
    return float(scipy.constants._codata.warnings.sys.modules["io"].open(CANARY_TXT).read())
