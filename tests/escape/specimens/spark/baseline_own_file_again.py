# attempt: reads its own dataset's file through the session of the second frame, past the time range
# goal: rows
# stopped by: language, gateway

from pyspark.sql import functions as F


def calc_metric(df, baseline):
    again = baseline.sparkSession.read.parquet(CANARY_MINE)
    return float(baseline.select("n").union(again.select("n")).agg(F.max("n")).first()[0])
