# attempt: replaces a function of numpy
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import numpy as np


def calc_metric(df):
    value = float(np.mean([1.0, 2.0]))
    np.mean = lambda *args, **keywords: CANARY_NUMBER
    return value
