# attempt: makes a worker of its own
# goal: process
# stopped by: language, worker

import multiprocessing
import time


def rest():
    with open("/proc/self/comm", "w") as name:
        name.write(CANARY_MARK)
    time.sleep(30)


def calc_metric(df):
    multiprocessing.get_context("fork").Process(target=rest).start()
    time.sleep(0.1)
    return 1.0
