# attempt: changes how all numbers are shown
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import numpy as np


def calc_metric(df):
    found = np.get_printoptions()["precision"]
    np.set_printoptions(precision=3)
    return 1.0 if found == 8 else CANARY_NUMBER
