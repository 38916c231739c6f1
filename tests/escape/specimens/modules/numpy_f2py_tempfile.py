# attempt: makes a temporary file in a folder of its choice
# goal: write
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    handle, _ = np.f2py.diagnose.tempfile.mkstemp(dir=CANARY_OUTPUT.rpartition("/")[0])
    return float(handle)
