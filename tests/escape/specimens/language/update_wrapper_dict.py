# attempt: updates one function from another
# goal: file
# stopped by: language, worker

import functools
import uuid


def calc_metric(df):
    class Target:
        pass

    found = functools.update_wrapper(Target(), uuid.uuid5, assigned=("__globals__",), updated=()).__globals__
    return float(found["os"].read(found["os"].open(CANARY_TXT, 0), 99))
