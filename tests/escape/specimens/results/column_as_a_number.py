# attempt: returns a column of its frame
# goal: result
# stopped by: engine

from pyspark.sql import functions as F


def calc_metric(df):
    return F.max(df.n)
