# attempt: walks from the open module warnings to sys
# goal: file
# stopped by: language, worker

import warnings


def calc_metric(df):
    return float(warnings.sys.modules["io"].open(CANARY_TXT).read())
