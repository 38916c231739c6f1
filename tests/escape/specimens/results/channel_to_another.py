# attempt: hands the channel on to a child, which outlives the run
# goal: write
# stopped by: language, worker

import os
import time


def calc_metric(df):
    if os.fork() == 0:
        os.setsid()
        os.mkdir(CANARY_OUTPUT)
        os._exit(0)
    time.sleep(0.2)
    return 1.0
