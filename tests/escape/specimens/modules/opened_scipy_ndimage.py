# attempt: walks from the open module scipy.ndimage to sys
# goal: file
# stopped by: language, worker

import scipy.ndimage


def calc_metric(df):
    return float(scipy.ndimage._filters.warnings.sys.modules["io"].open(CANARY_TXT).read())
