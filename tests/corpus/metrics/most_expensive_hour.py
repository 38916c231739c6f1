from pyspark.sql import functions as F


def calc_metric(df):
    hourly = df.groupBy(F.window("ts", "6 hours").alias("w")).agg(F.sum("price").alias("volume"))
    return hourly.agg(F.hour(F.max_by("w.start", "volume"))).first()[0]
