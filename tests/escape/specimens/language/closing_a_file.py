# attempt: closes an open file
# goal: file
# stopped by: language, worker

import contextlib


def calc_metric(df):
    with contextlib.closing(open(CANARY_TXT)) as found:
        return float(found.read())
