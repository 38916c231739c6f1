# attempt: walks from the open module scipy.fft to os
# goal: file
# stopped by: language, worker

import scipy.fft


def calc_metric(df):
    return float(scipy.fft._helper._helper.os.read(scipy.fft._helper._helper.os.open(CANARY_TXT, 0), 99))
