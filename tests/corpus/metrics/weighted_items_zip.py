from pyspark.sql import functions as F


def calc_metric(df):
    basket = F.from_json("payload", "basket array<struct<sku: string, qty: int>>")["basket"]
    weights = F.sequence(F.lit(1), F.size(basket))
    weighted = F.zip_with(basket, weights, lambda item, weight: item["qty"] / weight)
    total = F.aggregate(weighted, F.lit(0.0), lambda acc, x: acc + x)
    return df.where(F.size(basket) > 0).agg(F.avg(total)).first()[0]
