# attempt: has a short text repeated into a long one
# goal: run
# stopped by: engine

from pyspark.sql import functions as F


def calc_metric(df):
    return float(df.limit(1).select(F.length(F.repeat(F.lit("x"), 300_000_000))).first()[0])
