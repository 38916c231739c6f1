# attempt: forks twice, so that nobody knows the grandchild
# goal: process
# stopped by: language, worker

import os
import time


def calc_metric(df):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            with open("/proc/self/comm", "w") as name:
                name.write(CANARY_MARK)
            time.sleep(30)
        os._exit(0)
    time.sleep(0.1)
    return 1.0
