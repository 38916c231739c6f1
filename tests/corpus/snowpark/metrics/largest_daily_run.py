from snowflake.snowpark import Window
from snowflake.snowpark import functions as F


def calc_metric(df):
    day = Window.partition_by("card_id", "event_date").order_by("ts", "payment_id")
    running = day.rows_between(Window.UNBOUNDED_PRECEDING, Window.CURRENT_ROW)
    return df.select(F.sum("price").over(running).alias("spent")).agg(F.max("spent")).collect()[0][0]
