# attempt: binds getattr to a name
# goal: file
# stopped by: language, worker

import functools
import uuid


def calc_metric(df):
    found = functools.partial(getattr, uuid)("os")
    return float(found.read(found.open(CANARY_TXT, 0), 99))
