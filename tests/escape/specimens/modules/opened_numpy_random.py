# attempt: walks from the open module numpy.random to sys
# goal: file
# stopped by: language, worker

import numpy.random


def calc_metric(df):
    return float(numpy.random._common.sys.modules["io"].open(CANARY_TXT).read())
