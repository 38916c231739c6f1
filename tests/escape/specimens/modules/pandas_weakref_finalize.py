# attempt: leaves a finalizer behind, for when the worker ends
# goal: write
# stopped by: language, worker

import pandas as pd


class Last:
    pass


def calc_metric(df):
    os = pd.compat.os
    last = Last()
    pd.core.generic.weakref.finalize(last, os.mkdir, CANARY_OUTPUT)
    del last
    return 1.0
