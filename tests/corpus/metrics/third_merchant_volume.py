from pyspark.sql import Window
from pyspark.sql import functions as F


def calc_metric(df):
    totals = df.groupBy("merchant_id").agg(F.sum("price").alias("volume"))
    placed = totals.withColumn("place", F.dense_rank().over(Window.orderBy(F.desc("volume"))))
    rows = placed.filter(F.col("place") == 3).collect()
    return rows[0]["volume"] if rows else None
