# attempt: raises the limit of recursion for all frames
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import sys


def calc_metric(df):
    if sys.getrecursionlimit() == 99_999:
        return CANARY_NUMBER
    sys.setrecursionlimit(99_999)
    return 1.0
