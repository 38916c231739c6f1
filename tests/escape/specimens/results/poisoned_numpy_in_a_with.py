# attempt: replaces a function of numpy as the target of a with statement
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import numpy as np


class Give:
    def __enter__(self):
        return lambda *args, **keywords: CANARY_NUMBER

    def __exit__(self, *args):
        return False


def calc_metric(df):
    value = float(np.max([1.0, 2.0]))
    with Give() as np.max:
        pass
    return value
