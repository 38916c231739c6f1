# attempt: changes the limits of another process
# goal: process
# stopped by: language, worker

import resource


def calc_metric(df):
    resource.prlimit(CANARY_PID, resource.RLIMIT_NOFILE, (9, 9))
    return 1.0
