# attempt: has the server write the frame many times over
# goal: write
# stopped by: language, gateway, server

from pyspark.sql import functions as F


def calc_metric(df):
    df.crossJoin(df.select(F.col("g").alias("h"))).write.parquet(CANARY_OUTPUT)
    return 1.0
