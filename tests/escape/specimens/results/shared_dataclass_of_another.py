# attempt: writes methods into a class that is not the metric's
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import dataclasses
import string


def calc_metric(df):
    found = "__repr__" in vars(string.Template)
    dataclasses.dataclass(string.Template)
    return CANARY_NUMBER if found else 1.0
