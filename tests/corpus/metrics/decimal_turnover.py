from pyspark.sql import functions as F


def calc_metric(df):
    rows = df.groupBy("plan").agg(F.sum("price").alias("turnover")).collect()
    turnover = {row["plan"]: row["turnover"] for row in rows}
    return turnover.get("basic", 0) - turnover.get("plus", 0)
