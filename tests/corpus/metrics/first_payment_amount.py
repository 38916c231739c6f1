from pyspark.sql import Window
from pyspark.sql import functions as F


def calc_metric(df):
    order = Window.partitionBy("card_id").orderBy("ts", "payment_id")
    first = df.withColumn("n", F.row_number().over(order)).where(F.col("n") == 1).drop("n")
    return first.agg(F.mean("amount").alias("m")).head()["m"]
