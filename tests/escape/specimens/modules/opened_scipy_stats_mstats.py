# attempt: walks from the open module scipy.stats.mstats to sys
# goal: file
# stopped by: language, worker

import scipy.stats.mstats


def calc_metric(df):
    return float(scipy.stats.mstats._mstats_basic.warnings.sys.modules["io"].open(CANARY_TXT).read())
