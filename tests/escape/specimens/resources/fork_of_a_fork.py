# attempt: lets each child make the next one, so that killing one is too late
# goal: process
# stopped by: language, worker

import os
import time


def calc_metric(df):
    for _ in range(6):
        if os.fork():
            time.sleep(0.3)
            break
        with open("/proc/self/comm", "w") as name:
            name.write(CANARY_MARK)
    else:
        time.sleep(30)
        os._exit(0)
    return 1.0
