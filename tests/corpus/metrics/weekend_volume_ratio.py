from pyspark.sql import functions as F


def calc_metric(df):
    daily = df.groupBy(F.to_date("ts").alias("day")).agg(F.sum("amount").alias("volume"))
    weekend = F.dayofweek("day").isin(1, 7)
    row = daily.agg(
        F.avg(F.when(weekend, F.col("volume"))).alias("weekend"),
        F.avg(F.when(~weekend, F.col("volume"))).alias("workday"),
    ).first()
    return row.weekend / row.workday
