"""The time in milliseconds within which 95 of 100 payments are scored."""

from pyspark.sql import functions as F


def calc_metric(df):
    p95 = df.agg(F.percentile("latency_ms", 0.95)).first()[0]
    return float("nan") if p95 is None else p95
