# attempt: replaces a function of numpy while it unpacks a list
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import numpy as np


def calc_metric(df):
    value = float(np.min([1.0, 2.0]))
    [np.min, *_] = [lambda *args, **keywords: CANARY_NUMBER, 2, 3]
    return value
