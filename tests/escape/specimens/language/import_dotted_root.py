# attempt: imports an allowed submodule, and uses the root that it binds
# goal: file
# stopped by: language, worker

import numpy.lib.npyio


def calc_metric(df):
    return float(numpy.loadtxt(CANARY_TXT))
