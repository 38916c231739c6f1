# attempt: walks from the open module scipy.spatial to os
# goal: file
# stopped by: language, worker

import scipy.spatial


def calc_metric(df):
    return float(scipy.spatial._ckdtree.os.read(scipy.spatial._ckdtree.os.open(CANARY_TXT, 0), 99))
