# attempt: walks from the open module numpy.fft to sys
# goal: file
# stopped by: language, worker

import numpy.fft


def calc_metric(df):
    return float(numpy.fft._pocketfft.warnings.sys.modules["io"].open(CANARY_TXT).read())
