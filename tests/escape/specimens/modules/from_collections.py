# attempt: imports _sys by its name from collections
# goal: file
# stopped by: language, worker

from collections import _sys as found


def calc_metric(df):
    return float(found.modules["io"].open(CANARY_TXT).read())
