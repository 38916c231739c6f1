# attempt: changes the size of numpy's buffers, for all frames
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import numpy as np


def calc_metric(df):
    found = np.getbufsize()
    np.setbufsize(16384)
    return 1.0 if found == 8192 else CANARY_NUMBER
