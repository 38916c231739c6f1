# attempt: replaces a method of a distribution that all frames share
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

from scipy import stats


def calc_metric(df):
    value = float(stats.norm.cdf(0.0))
    stats.norm.cdf = lambda *args: CANARY_NUMBER
    return value
