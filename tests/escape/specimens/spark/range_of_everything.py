# attempt: asks for a range without an end
# goal: size
# stopped by: gateway
# one layer because: only the gateway knows how much work a query is before it runs

from pyspark.sql import functions as F


def calc_metric(df):
    return float(df.sparkSession.range(50_000_000).filter("id < 10").count())
