# attempt: has the data engine run Python that makes a folder
# goal: write
# stopped by: backend

from pyspark.sql import functions as F


def make(n):
    import os

    os.mkdir(CANARY_OUTPUT)
    return 1


def calc_metric(df):
    return float(df.limit(1).select(F.udf(make, "int")("n")).first()[0])
