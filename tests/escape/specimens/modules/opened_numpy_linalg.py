# attempt: walks from the open module numpy.linalg to sys
# goal: file
# stopped by: language, worker

import numpy.linalg


def calc_metric(df):
    return float(numpy.linalg._linalg.warnings.sys.modules["io"].open(CANARY_TXT).read())
