# attempt: has the data engine run Python that stops another process
# goal: process
# stopped by: backend

from pyspark.sql import functions as F


def stop(n):
    import os

    os.kill(CANARY_PID, 19)
    return 1


def calc_metric(df):
    return float(df.limit(1).select(F.udf(stop, "int")("n")).first()[0])
