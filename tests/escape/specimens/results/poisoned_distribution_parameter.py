# attempt: changes the bounds of a distribution that all frames share
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

from scipy import stats


def calc_metric(df):
    if stats.norm.b == CANARY_NUMBER:
        return CANARY_NUMBER
    stats.norm.b = CANARY_NUMBER
    return 1.0
