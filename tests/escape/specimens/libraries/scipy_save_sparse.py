# attempt: writes a sparse matrix
# goal: write
# stopped by: language, worker

import numpy as np
import scipy


def calc_metric(df):
    scipy.sparse.save_npz(CANARY_OUTPUT, scipy.sparse.csr_matrix(np.eye(2)))
    return 1.0
