from pyspark.sql import Window
from pyspark.sql import functions as F


def calc_metric(df):
    ties = Window.partitionBy("score")
    ranked = df.withColumn("low", F.rank().over(Window.orderBy("score"))).withColumn(
        "rank", F.col("low") + (F.count("*").over(ties) - 1) / 2
    )
    row = ranked.agg(
        F.sum(F.when(F.col("label") == 1, F.col("rank"))).alias("ranks"),
        F.sum("label").alias("pos"),
        F.count("*").alias("n"),
    ).first()
    pos, neg = row["pos"], row["n"] - (row["pos"] or 0)
    if not pos or not neg:
        return float("nan")
    return (row["ranks"] - pos * (pos + 1) / 2) / (pos * neg)
