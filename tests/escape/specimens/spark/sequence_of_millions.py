# attempt: has each row grow into millions
# goal: time
# stopped by: engine

from pyspark.sql import functions as F


def calc_metric(df):
    return float(df.select(F.explode(F.sequence(F.lit(0), F.lit(2_000_000)))).limit(5).count())
