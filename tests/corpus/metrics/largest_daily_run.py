from pyspark.sql import Window
from pyspark.sql import functions as F


def calc_metric(df):
    so_far = (
        Window.partitionBy("card_id", "event_date")
        .orderBy("ts", "payment_id")
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    return df.withColumn("spent", F.sum("price").over(so_far)).agg(F.max("spent")).first()[0]
