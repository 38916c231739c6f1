# attempt: finds platform among statsmodels' helpers
# goal: host
# stopped by: language, worker

import statsmodels.compat.python as compat


def calc_metric(df):
    print(compat.platform.node())
    return 1.0
