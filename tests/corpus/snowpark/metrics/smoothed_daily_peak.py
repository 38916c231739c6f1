from snowflake.snowpark import Window
from snowflake.snowpark import functions as F


def calc_metric(df):
    daily = df.group_by("event_date").agg(F.avg("score").alias("score"))
    week = Window.order_by("event_date").rows_between(-6, Window.CURRENT_ROW)
    smooth = daily.select(F.avg("score").over(week).alias("smooth"))
    row = smooth.agg(F.max("smooth").alias("hi"), F.min("smooth").alias("lo")).first()
    return row["HI"] - row["LO"]
