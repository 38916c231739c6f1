# attempt: leaves a function behind that numpy calls on errors
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import numpy as np


def calc_metric(df):
    left = np.geterrcall()
    np.seterrcall(lambda kind, flag: None)
    return 1.0 if left is None else CANARY_NUMBER
