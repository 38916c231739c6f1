from pyspark.sql import functions as F


def calc_metric(df):
    table = df.groupBy("plan").pivot("channel", ["web", "terminal"]).agg(F.avg("score"))
    gap = table.select(F.max(F.abs(F.col("web") - F.col("terminal")))).first()[0]
    return float("nan") if gap is None else gap
