from pyspark.sql import functions as F


def calc_metric(df):
    stats = df.agg(F.avg("latency_ms").alias("mu"), F.stddev("latency_ms").alias("sigma"))
    flagged = df.crossJoin(stats).where(F.abs(F.col("latency_ms") - F.col("mu")) > 3 * F.col("sigma"))
    return flagged.count()
