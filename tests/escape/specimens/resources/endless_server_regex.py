# attempt: has the data engine match a pattern over repeated text
# goal: time
# stopped by: engine

from pyspark.sql import functions as F


def calc_metric(df):
    wide = df.crossJoin(df.select(F.col("n").alias("m"))).crossJoin(df.select(F.col("n").alias("k")))
    text = F.concat(F.repeat(F.lit("a"), 2000), F.col("m").cast("string"), F.col("k").cast("string"))
    return float(wide.filter(F.regexp_like(text, F.lit("(a|a)*b$"))).count())
