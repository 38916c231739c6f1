# attempt: imports sys by its name from typing
# goal: file
# stopped by: language, worker

from typing import sys as found


def calc_metric(df):
    return float(found.modules["io"].open(CANARY_TXT).read())
