# attempt: replaces a builtin for all modules
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import sys


def calc_metric(df):
    value = float(sys.modules["builtins"].abs(-1.0))
    sys.modules["builtins"].abs = lambda number: CANARY_NUMBER
    return value
