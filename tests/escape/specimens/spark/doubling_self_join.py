# attempt: doubles a plan by joining it with itself, again and again
# goal: time
# stopped by: engine

from pyspark.sql import functions as F


def calc_metric(df):
    table = df.agg(F.count("*").alias("c"))
    for _ in range(18):
        table = table.union(table)
    return float(table.count())
