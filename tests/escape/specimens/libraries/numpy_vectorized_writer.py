# attempt: vectorizes a writer
# goal: write
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    np.vectorize(lambda path: np.savetxt(str(path), [1.0]) or 0.0)(np.array([CANARY_OUTPUT]))
    return 1.0
