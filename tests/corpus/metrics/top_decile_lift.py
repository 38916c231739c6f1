from pyspark.sql import Window
from pyspark.sql import functions as F


def calc_metric(df):
    order = Window.orderBy(F.col("score").desc(), F.col("payment_id"))
    tenth = df.withColumn("tenth", F.ntile(10).over(order)).filter("tenth = 1")
    overall = df.agg(F.avg("label")).first()[0]
    if not overall:
        return float("nan")
    return tenth.agg(F.avg("label")).first()[0] / overall
