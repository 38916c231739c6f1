# attempt: has the data engine run Python that forks it
# goal: process
# stopped by: backend

from pyspark.sql import functions as F


def fork(n):
    import os
    import time

    if os.fork() == 0:
        with open("/proc/self/comm", "w") as name:
            name.write(CANARY_MARK)
        time.sleep(30)
        os._exit(0)
    time.sleep(0.2)
    return 1


def calc_metric(df):
    return float(df.limit(1).select(F.udf(fork, "int")("n")).first()[0])
