# attempt: walks from the open module enum to builtins
# goal: file
# stopped by: language, worker

import enum


def calc_metric(df):
    return float(enum.bltns.open(CANARY_TXT).read())
