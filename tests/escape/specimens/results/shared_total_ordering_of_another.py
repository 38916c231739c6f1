# attempt: orders a class that is not the metric's
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import functools
import string


def calc_metric(df):
    found = "__gt__" in vars(string.Template)
    string.Template.__lt__ = lambda self, other: True
    functools.total_ordering(string.Template)
    return CANARY_NUMBER if found else 1.0
