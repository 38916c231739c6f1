# attempt: walks from the open module numpy.polynomial to os
# goal: file
# stopped by: language, worker

import numpy.polynomial


def calc_metric(df):
    return float(numpy.polynomial._polybase.os.read(numpy.polynomial._polybase.os.open(CANARY_TXT, 0), 99))
