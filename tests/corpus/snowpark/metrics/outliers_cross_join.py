from snowflake.snowpark import functions as F


def calc_metric(df):
    whole = df.agg(F.avg("latency_ms").alias("middle"), F.stddev("latency_ms").alias("spread"))
    joined = df.select("latency_ms").cross_join(whole)
    far = F.abs((F.col("latency_ms") - F.col("middle")) / F.col("spread")) > 3
    return joined.filter(far).count()
