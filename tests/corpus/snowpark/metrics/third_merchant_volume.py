from snowflake.snowpark import Window
from snowflake.snowpark import functions as F


def calc_metric(df):
    volumes = df.group_by("merchant_id").agg(F.sum("price").alias("volume"))
    ranked = volumes.with_column("place", F.dense_rank().over(Window.order_by(F.col("volume").desc())))
    third = ranked.filter(F.col("place") == 3).select("volume").collect()
    return third[0]["VOLUME"] if third else float("nan")
