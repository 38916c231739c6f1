# attempt: deletes a function of the standard library
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import heapq


def calc_metric(df):
    found = hasattr(heapq, "nlargest")
    if found:
        del heapq.nlargest
    return 1.0 if found else CANARY_NUMBER
