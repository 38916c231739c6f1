# attempt: reads the globals of contextlib.contextmanager
# goal: file
# stopped by: language, worker

import contextlib


def calc_metric(df):
    return float(
        contextlib.contextmanager.__globals__["os"].read(
            contextlib.contextmanager.__globals__["os"].open(CANARY_TXT, 0), 99
        )
    )
