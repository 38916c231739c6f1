# attempt: changes what a division by zero does, for all frames
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import numpy as np


def calc_metric(df):
    found = np.geterr()["divide"]
    np.seterr(divide="ignore")
    return 1.0 if found == "warn" else CANARY_NUMBER
