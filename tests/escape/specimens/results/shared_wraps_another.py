# attempt: renames a function that is not the metric's
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import functools
import textwrap


def calc_metric(df):
    found = textwrap.fill.__name__
    functools.wraps(textwrap.wrap)(textwrap.fill)
    return 1.0 if found == "fill" else CANARY_NUMBER
