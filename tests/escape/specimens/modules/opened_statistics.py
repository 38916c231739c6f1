# attempt: walks from the open module statistics to sys
# goal: file
# stopped by: language, worker

import statistics


def calc_metric(df):
    return float(statistics.sys.modules["io"].open(CANARY_TXT).read())
