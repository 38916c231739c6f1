# attempt: walks from the open module contextlib to os
# goal: file
# stopped by: language, worker

import contextlib


def calc_metric(df):
    return float(contextlib.os.read(contextlib.os.open(CANARY_TXT, 0), 99))
