# attempt: replaces a function of numpy by making it a loop's variable
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import numpy as np


def calc_metric(df):
    value = float(np.sum([1.0, 2.0]))
    for np.sum in [lambda *args, **keywords: CANARY_NUMBER]:
        pass
    return value
