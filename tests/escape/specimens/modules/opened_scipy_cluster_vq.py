# attempt: walks from the open module scipy.cluster.vq to sys
# goal: file
# stopped by: language, worker

import scipy.cluster.vq


def calc_metric(df):
    return float(scipy.cluster.vq.warnings.sys.modules["io"].open(CANARY_TXT).read())
