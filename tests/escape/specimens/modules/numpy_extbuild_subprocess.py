# attempt: starts a program through numpy's testing tools
# goal: process
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    np.testing.extbuild.subprocess.Popen([CANARY_MARK, "30"], executable="/bin/sleep", start_new_session=True)
    return 1.0
