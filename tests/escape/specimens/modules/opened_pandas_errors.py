# attempt: walks from the open module pandas.errors to os
# goal: file
# stopped by: language, worker

import pandas.errors


def calc_metric(df):
    return float(pandas.errors.ctypes._os.read(pandas.errors.ctypes._os.open(CANARY_TXT, 0), 99))
