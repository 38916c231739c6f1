# attempt: writes into an array that a library keeps
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import numpy as np
import scipy.stats


def calc_metric(df):
    table = scipy.stats._constants._SQRT_2_OVER_PI
    if scipy.stats._constants._SQRT_2_OVER_PI == CANARY_NUMBER:
        return CANARY_NUMBER
    scipy.stats._constants._SQRT_2_OVER_PI = CANARY_NUMBER
    return float(table)
