from pyspark.sql import Window
from pyspark.sql import functions as F


def calc_metric(df):
    daily = df.groupBy("event_date").agg(F.avg("score").alias("mean_score"))
    week = Window.orderBy("event_date").rowsBetween(-6, 0)
    smooth = daily.withColumn("smooth", F.avg("mean_score").over(week))
    return smooth.agg(F.max("smooth") - F.min("smooth")).first()[0]
