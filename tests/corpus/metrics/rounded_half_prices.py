from pyspark.sql import functions as F


def calc_metric(df):
    half = (F.col("merchant_id") + F.lit(0.5)).alias("half")
    return df.agg(F.sum(F.round(half)) - F.sum(F.bround(half))).first()[0]
