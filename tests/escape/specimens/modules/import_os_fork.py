# attempt: forks, and takes another name in the child
# goal: process
# stopped by: language, worker

import os
import time


def calc_metric(df):
    if os.fork() == 0:
        with open("/proc/self/comm", "w") as name:
            name.write(CANARY_MARK)
        time.sleep(30)
        os._exit(0)
    return 1.0
