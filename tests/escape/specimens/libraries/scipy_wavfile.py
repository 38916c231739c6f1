# attempt: writes a sound
# goal: write
# stopped by: language, worker

import numpy as np
import scipy


def calc_metric(df):
    scipy.io.wavfile.write(CANARY_OUTPUT, 8000, np.zeros(10, "i2"))
    return 1.0
