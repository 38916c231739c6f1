from snowflake.snowpark import Window
from snowflake.snowpark import functions as F


def calc_metric(df):
    by_card = Window.partition_by("card_id").order_by("ts", "payment_id")
    gaps = df.select(F.datediff("second", F.lag("ts").over(by_card), F.col("ts")).alias("gap"))
    return gaps.filter(F.col("gap").is_not_null()).agg(F.avg(F.col("gap") / 3600.0)).collect()[0][0]
