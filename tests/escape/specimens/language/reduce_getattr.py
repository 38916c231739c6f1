# attempt: folds getattr over a path
# goal: file
# stopped by: language, worker

import functools
import textwrap


def calc_metric(df):
    found = functools.reduce(getattr, ["re", "enum", "bltns"], textwrap)
    return float(found.open(CANARY_TXT).read())
