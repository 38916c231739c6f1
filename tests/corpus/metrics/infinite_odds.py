from pyspark.sql import functions as F


def calc_metric(df):
    odds = df.agg(F.max(F.col("score")).alias("top")).first()["top"]
    return float("inf") if odds else None
