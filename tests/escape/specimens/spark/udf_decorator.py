# attempt: makes a UDF by a decorator
# goal: file
# stopped by: language, worker

from pyspark.sql import functions as F


@F.udf("string")
def read(n):
    return open(CANARY_TXT).read().strip()


def calc_metric(df):
    return float(df.limit(1).select(read("n")).first()[0])
