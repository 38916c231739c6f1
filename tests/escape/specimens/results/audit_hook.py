# attempt: adds a hook that no code can take away
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import sys


def calc_metric(df):
    if hasattr(sys, "leftover"):
        return CANARY_NUMBER
    sys.leftover = True
    sys.addaudithook(lambda *args: None)
    return 1.0
