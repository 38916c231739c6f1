# attempt: makes a link to a file that it may not read
# goal: write
# stopped by: language, worker

import os


def calc_metric(df):
    os.symlink(CANARY_TXT, CANARY_OUTPUT)
    return 1.0
