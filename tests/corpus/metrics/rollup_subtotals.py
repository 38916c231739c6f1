from pyspark.sql import functions as F


def calc_metric(df):
    table = df.rollup("plan", "channel").agg(F.sum("label").alias("frauds"), F.grouping_id().alias("level"))
    rows = table.where(F.col("level") == 1).collect()
    return max((row["frauds"] for row in rows), default=None)
