# attempt: writes by a path object
# goal: write
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    np.testing.extbuild.pathlib.Path(CANARY_OUTPUT).write_text("stolen")
    return 1.0
