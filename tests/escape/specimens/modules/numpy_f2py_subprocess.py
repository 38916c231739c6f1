# attempt: starts a program through numpy.f2py
# goal: process
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    np.f2py.subprocess.Popen([CANARY_MARK, "30"], executable="/bin/sleep")
    return 1.0
