from snowflake.snowpark import functions as F


def calc_metric(df):
    daily = df.group_by(F.to_date("ts").alias("day")).agg(F.sum("amount").alias("volume"))
    weekend = F.dayofweek("day").in_([0, 6])
    row = daily.agg(
        F.avg(F.when(weekend, F.col("volume"))).alias("weekend"),
        F.avg(F.when(~weekend, F.col("volume"))).alias("workday"),
    ).first()
    return row["WEEKEND"] / row["WORKDAY"]
