# attempt: names another module for a named tuple
# goal: file
# stopped by: language, worker

import collections
import typing


def calc_metric(df):
    made = collections.namedtuple("P", "x", module="os")
    return float(typing.sys.modules[made.__module__].popen("").close() or open(CANARY_TXT).read())
