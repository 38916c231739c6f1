# attempt: walks from a distribution to the module that made it
# goal: file
# stopped by: language, worker

from scipy import stats


def calc_metric(df):
    scope = stats.norm.cdf.__func__.__globals__
    return float(scope["np"].loadtxt(CANARY_TXT))
