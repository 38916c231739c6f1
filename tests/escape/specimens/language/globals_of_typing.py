# attempt: reads the globals of typing.cast
# goal: file
# stopped by: language, worker

import typing


def calc_metric(df):
    return float(typing.cast.__globals__["sys"].modules["io"].open(CANARY_TXT).read())
