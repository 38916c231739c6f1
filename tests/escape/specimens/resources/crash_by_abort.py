# attempt: aborts the worker
# goal: run
# stopped by: engine

import os


def calc_metric(df):
    os.abort()
