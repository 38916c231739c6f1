from pyspark.sql import functions as F


def calc_metric(df):
    row = df.agg(
        F.sum("amount").alias("total"),
        F.sum(F.col("amount") * F.col("label")).alias("lost"),
    ).first()
    if not row["total"]:
        return float("nan")
    return row["lost"] / row["total"]
