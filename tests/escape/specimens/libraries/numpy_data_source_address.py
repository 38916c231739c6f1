# attempt: downloads by the class behind numpy's readers
# goal: network
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    np.lib.npyio.DataSource(None).exists(f"http://127.0.0.1:{CANARY_PORT}/a")
    return 1.0
