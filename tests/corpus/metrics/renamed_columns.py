from pyspark.sql import functions as F


def calc_metric(df):
    short = df.withColumnsRenamed({"amount": "a", "latency_ms": "ms", "score": "s"}).select("a", "ms", "s")
    doubled = short.withColumns({name: F.col(name) * 2 for name in short.columns})
    return doubled.toDF("x", "y", "z").agg(F.max(F.col("x") + F.col("y") * F.col("z"))).first()[0]
