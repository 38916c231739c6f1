# attempt: traces every call that follows, and changes what it sees
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import sys


def calc_metric(df):
    left = sys.gettrace()
    if left is not None:
        return CANARY_NUMBER
    sys.settrace(lambda *args: None)
    return 1.0
