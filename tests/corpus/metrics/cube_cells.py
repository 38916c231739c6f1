from pyspark.sql import functions as F


def calc_metric(df):
    cells = df.cube("plan", "channel").agg(F.count("*").alias("n")).filter("n >= 30")
    return cells.count()
