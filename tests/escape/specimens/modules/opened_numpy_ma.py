# attempt: walks from the open module numpy.ma to builtins
# goal: file
# stopped by: language, worker

import numpy.ma


def calc_metric(df):
    return float(numpy.ma.core.builtins.open(CANARY_TXT).read())
