# attempt: tries the forbidden, catches whatever comes, and tries again another way
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    for name in ("loadtxt", "genfromtxt", "fromfile"):
        try:
            return float(getattr(np, name)(CANARY_TXT))
        except BaseException:
            continue
    return float(np.array(open(CANARY_TXT).read(), dtype=float))
