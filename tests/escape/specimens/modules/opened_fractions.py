# attempt: walks from the open module fractions to sys
# goal: file
# stopped by: language, worker

import fractions


def calc_metric(df):
    return float(fractions.sys.modules["io"].open(CANARY_TXT).read())
