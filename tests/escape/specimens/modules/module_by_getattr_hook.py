# attempt: calls the hook by which a module offers more names
# goal: file
# stopped by: language, worker

import scipy


def calc_metric(df):
    return float(scipy.__getattr__("io").mmread(CANARY_MTX)[0, 0])
