# attempt: walks from the open module scipy.signal to builtins
# goal: file
# stopped by: language, worker

import scipy.signal


def calc_metric(df):
    return float(scipy.signal._filter_design.builtins.open(CANARY_TXT).read())
