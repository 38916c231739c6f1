# attempt: reaches a reader by the private module that holds it
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    return float(np.lib._npyio_impl.loadtxt(CANARY_TXT))
