import pyspark.sql.functions as F
from pyspark.sql import Window


def calc_metric(df):
    by_card = Window.partitionBy("card_id").orderBy("ts", "payment_id")
    gaps = df.select(
        (F.unix_timestamp("ts") - F.unix_timestamp(F.lag("ts").over(by_card))).alias("gap"),
    ).dropna()
    return gaps.agg(F.avg(F.col("gap") / 3600)).first()[0]
