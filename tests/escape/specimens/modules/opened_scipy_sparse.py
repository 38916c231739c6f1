# attempt: walks from the open module scipy.sparse to os
# goal: file
# stopped by: language, worker

import scipy.sparse


def calc_metric(df):
    return float(scipy.sparse._construct.os.read(scipy.sparse._construct.os.open(CANARY_TXT, 0), 99))
