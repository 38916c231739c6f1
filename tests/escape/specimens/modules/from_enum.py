# attempt: imports bltns by its name from enum
# goal: file
# stopped by: language, worker

from enum import bltns as found


def calc_metric(df):
    return float(found.open(CANARY_TXT).read())
