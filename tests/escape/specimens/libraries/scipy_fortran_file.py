# attempt: writes a file of Fortran
# goal: write
# stopped by: language, worker

import numpy as np
import scipy


def calc_metric(df):
    scipy.io.FortranFile(CANARY_OUTPUT, "w").write_record(np.ones(2))
    return 1.0
