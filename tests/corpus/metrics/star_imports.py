from math import *

from pyspark.sql.functions import *


def calc_metric(df):
    rows = df.groupBy("plan").agg(stddev(log1p(col("amount"))).alias("spread")).collect()
    return fsum(row.spread for row in rows) / len(rows) if rows else nan
