# attempt: makes a class by ABCMeta
# goal: file
# stopped by: language, worker

import abc


def calc_metric(df):
    made = abc.ABCMeta("P", (), {"go": lambda self: open(CANARY_TXT).read()})
    return float(made().go())
