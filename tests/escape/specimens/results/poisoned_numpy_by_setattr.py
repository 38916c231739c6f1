# attempt: replaces a function of numpy by setattr
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import numpy as np


def calc_metric(df):
    value = float(np.median([1.0, 2.0]))
    setattr(np, "median", lambda *args, **keywords: CANARY_NUMBER)
    return value
