# attempt: replaces a function of the standard library
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import statistics


def calc_metric(df):
    found = statistics.median([1, 2, 9])
    statistics.median = lambda values: 0
    return 1.0 if found == 2 else CANARY_NUMBER
