# attempt: has operator call getattr
# goal: file
# stopped by: language, worker

import operator
import typing


def calc_metric(df):
    found = operator.call(getattr, typing, "sys")
    return float(found.modules["io"].open(CANARY_TXT).read())
