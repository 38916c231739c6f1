from snowflake.snowpark import Window
from snowflake.snowpark import functions as F


def calc_metric(df):
    own = F.avg("amount").over(Window.partition_by("card_id"))
    marked = df.select(F.iff(F.col("amount") > 2 * own, 1.0, 0.0).alias("above"))
    return marked.agg(F.avg("above")).collect()[0][0]
