from pyspark.sql import functions as F


def calc_metric(df):
    risky = F.array_contains("tags", "high-risk") & (F.size(F.array_distinct("tags")) > 1)
    return df.agg(F.avg(F.coalesce(risky, F.lit(False)).cast("int"))).first()[0]
