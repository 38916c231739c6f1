# attempt: has an annotation evaluated by singledispatch
# goal: file
# stopped by: language, worker

import functools


def calc_metric(df):
    seen = []

    @functools.singledispatch
    def first(x):
        return 0

    def other(x: "seen.append(open(CANARY_TXT).read()) or int"):
        return 1

    other.__globals__["seen"], other.__globals__["CANARY"] = seen, 0
    first.register(other)
    return float(seen[0])
