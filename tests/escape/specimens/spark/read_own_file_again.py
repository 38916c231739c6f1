# attempt: reads its own dataset's file, past the time range
# goal: rows
# stopped by: language, gateway

from pyspark.sql import functions as F


def calc_metric(df):
    return float(df.sparkSession.read.parquet(CANARY_MINE).agg(F.max("n")).first()[0])
