# attempt: applies a function that makes a folder
# goal: write
# stopped by: language, worker

from pyspark.sql import functions as F


def make(n):
    import os

    os.mkdir(CANARY_OUTPUT)
    return 1


def calc_metric(df):
    return float(df.limit(1).select(F.udf(make, "int")("n")).first()[0])
