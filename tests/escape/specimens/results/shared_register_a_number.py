# attempt: registers a class as a number, for all frames
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import numbers


def calc_metric(df):
    found = isinstance("x", numbers.Number)
    numbers.Number.register(str)
    return CANARY_NUMBER if found else 1.0
