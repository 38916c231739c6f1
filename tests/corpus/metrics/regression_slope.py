from pyspark.sql import functions as F


def calc_metric(df):
    row = df.agg(
        F.regr_slope("latency_ms", "amount").alias("slope"),
        F.regr_r2("latency_ms", "amount").alias("r2"),
        F.bool_or(F.col("label") == 1).alias("any_fraud"),
    ).first()
    return row.slope * 1000 + row.r2 if row.any_fraud else float("nan")
