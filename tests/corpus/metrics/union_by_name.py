from pyspark.sql import functions as F


def calc_metric(df):
    web = df.where("channel = 'web'").select("payment_id", F.lit(1.0).alias("weight"), "score")
    other = df.where("channel <> 'web'").select("score", "payment_id")
    stacked = web.unionByName(other, allowMissingColumns=True)
    return stacked.agg(F.sum(F.coalesce("weight", F.lit(0.5)) * F.col("score"))).first()[0]
