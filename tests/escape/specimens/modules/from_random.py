# attempt: imports _os by its name from random
# goal: file
# stopped by: language, worker

from random import _os as found


def calc_metric(df):
    return float(found.read(found.open(CANARY_TXT, 0), 99))
