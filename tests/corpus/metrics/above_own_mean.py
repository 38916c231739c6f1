from pyspark.sql import functions as F


def calc_metric(df):
    usual = df.groupBy("card_id").agg(F.avg("amount").alias("usual"))
    joined = df.join(usual, on="card_id", how="left")
    return joined.agg(F.avg(F.when(F.col("amount") > 2 * F.col("usual"), 1).otherwise(0))).first()[0]
