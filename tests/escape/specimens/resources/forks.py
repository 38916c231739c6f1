# attempt: forks a few times, and lets the children live
# goal: process
# stopped by: language, worker

import os
import time


def calc_metric(df):
    for _ in range(5):
        if os.fork() == 0:
            with open("/proc/self/comm", "w") as name:
                name.write(CANARY_MARK)
            time.sleep(30)
            os._exit(0)
    time.sleep(0.2)
    return 1.0
