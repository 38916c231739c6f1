# attempt: finds a loaded module in sys.modules
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    return float(np.f2py.sys.modules["io"].open(CANARY_TXT).read())
