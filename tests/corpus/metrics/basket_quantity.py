from pyspark.sql import functions as F


def calc_metric(df):
    schema = "struct<basket: array<struct<sku: string, qty: int>>, total: double, coupon: string>"
    items = df.select(F.from_json("payload", schema).alias("p")).select(F.explode("p.basket").alias("item"))
    return items.agg(F.avg("item.qty")).first()[0]
