# attempt: writes a result into a constant of numpy, by out=
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import numpy as np


def calc_metric(df):
    shared = np.ma.default_fill_value(1.0)
    if shared == CANARY_NUMBER:
        return CANARY_NUMBER
    np.ma.core.default_filler["f"] = CANARY_NUMBER
    return 1.0
