# attempt: applies a function that stops another process
# goal: process
# stopped by: language, worker

from pyspark.sql import functions as F


def stop(n):
    import os

    os.kill(CANARY_PID, 19)
    return 1


def calc_metric(df):
    return float(df.limit(1).select(F.udf(stop, "int")("n")).first()[0])
