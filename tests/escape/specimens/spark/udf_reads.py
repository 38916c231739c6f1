# attempt: applies a function that reads a file
# goal: file
# stopped by: language, worker

from pyspark.sql import functions as F


def calc_metric(df):
    read = F.udf(lambda n: open(CANARY_TXT).read().strip(), "string")
    return float(df.limit(1).select(read("n")).first()[0])
