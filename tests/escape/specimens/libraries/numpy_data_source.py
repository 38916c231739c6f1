# attempt: opens by the class behind numpy's readers
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    return float(np.lib.npyio.DataSource().open(CANARY_TXT).read())
