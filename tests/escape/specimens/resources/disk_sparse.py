# attempt: makes a file that looks huge
# goal: write
# stopped by: language, worker

import os


def calc_metric(df):
    handle = os.open(CANARY_OUTPUT, os.O_CREAT | os.O_WRONLY)
    os.truncate(handle, 1 << 40)
    return 1.0
