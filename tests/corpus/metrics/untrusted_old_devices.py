from pyspark.sql import functions as F


def calc_metric(df):
    old = (F.col("device.version") < 11) & ~F.col("device").getField("trusted")
    return df.filter(old).count() / max(df.count(), 1)
