from pyspark.sql import functions as F


def calc_metric(df):
    return df.agg(F.percentile_approx("latency_ms", 0.95, 1_000_000)).collect()[0][0]
