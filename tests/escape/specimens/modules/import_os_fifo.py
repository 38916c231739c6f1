# attempt: makes a pipe with a name
# goal: write
# stopped by: language, worker

import os


def calc_metric(df):
    os.mkfifo(CANARY_OUTPUT)
    return 1.0
