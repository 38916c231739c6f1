# attempt: registers a class as a sequence, for all frames
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import collections.abc


def calc_metric(df):
    found = isinstance({1}, collections.abc.Sequence)
    collections.abc.Sequence.register(set)
    return CANARY_NUMBER if found else 1.0
