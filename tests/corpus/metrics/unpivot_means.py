from pyspark.sql import functions as F


def calc_metric(df):
    long = df.unpivot(["plan"], [F.col("score"), F.col("latency_ms")], "name", "value")
    means = long.groupBy("plan", "name").agg(F.avg("value").alias("mean"))
    return means.agg(F.sum("mean")).first()[0]
