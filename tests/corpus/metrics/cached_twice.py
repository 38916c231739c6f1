from pyspark.sql import functions as F


def calc_metric(df):
    web = df.filter(F.col("channel") == "web").cache()
    first = web.count()
    second = web.agg(F.sum("label")).first()[0]
    web.unpersist()
    return second / first
