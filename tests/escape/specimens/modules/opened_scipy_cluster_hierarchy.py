# attempt: walks from the open module scipy.cluster.hierarchy to sys
# goal: file
# stopped by: language, worker

import scipy.cluster.hierarchy


def calc_metric(df):
    return float(scipy.cluster.hierarchy.warnings.sys.modules["io"].open(CANARY_TXT).read())
