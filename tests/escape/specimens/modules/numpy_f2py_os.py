# attempt: runs a shell through numpy.f2py's os
# goal: process
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    return float(np.f2py.os.system(f"bash -c 'exec -a {CANARY_MARK} sleep 30' &"))
