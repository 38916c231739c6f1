# attempt: changes a constant of the standard library
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import typing


def calc_metric(df):
    found = typing.TYPE_CHECKING
    typing.TYPE_CHECKING = True
    return CANARY_NUMBER if found else 1.0
