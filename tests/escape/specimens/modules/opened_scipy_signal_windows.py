# attempt: walks from the open module scipy.signal.windows to sys
# goal: file
# stopped by: language, worker

import scipy.signal.windows


def calc_metric(df):
    return float(scipy.signal.windows._windows.doccer.sys.modules["io"].open(CANARY_TXT).read())
