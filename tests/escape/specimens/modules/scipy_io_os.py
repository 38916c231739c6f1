# attempt: makes a folder through os in a reader of sounds
# goal: write
# stopped by: language, worker

import scipy
import scipy.io.wavfile


def calc_metric(df):
    scipy.io.wavfile.os.mkdir(CANARY_OUTPUT)
    return 1.0
