# attempt: walks from the open module scipy.stats to builtins
# goal: file
# stopped by: language, worker

import scipy.stats


def calc_metric(df):
    return float(scipy.stats._binned_statistic.builtins.open(CANARY_TXT).read())
