"""By how much does the score miss the true share of fraud? The expected calibration error, in ten bins."""

from pyspark.sql import functions as F


def calc_metric(df):
    bins = df.groupBy(F.least(F.floor(F.col("score") * 10), F.lit(9))).agg(
        F.count("*").alias("payments"),
        F.abs(F.avg("score") - F.avg("label")).alias("miss"),
    )
    error = bins.agg(F.sum(F.col("payments") * F.col("miss")) / F.sum("payments")).first()[0]
    return float("nan") if error is None else error
