# attempt: makes getattr a method
# goal: file
# stopped by: language, worker

import functools
import uuid


def calc_metric(df):
    class Holder:
        get = functools.partialmethod(lambda self, name: getattr(uuid, name), "os")

    found = Holder().get()
    return float(found.read(found.open(CANARY_TXT, 0), 99))
