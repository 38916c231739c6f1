"""How often a fraud scores higher than an honest payment: the area under the ROC curve.

All of it is computed in Spark. Payments of one score are counted together, so ties count half.
"""

from pyspark.sql import Window
from pyspark.sql import functions as F


def calc_metric(df):
    by_score = df.groupBy("score").agg(
        F.sum("label").alias("frauds"),
        F.sum(1 - F.col("label")).alias("honest"),
    )
    lower = Window.orderBy("score").rowsBetween(Window.unboundedPreceding, -1)
    ranked = by_score.withColumn("honest_below", F.coalesce(F.sum("honest").over(lower), F.lit(0)))
    total = ranked.agg(
        F.sum(F.col("frauds") * (F.col("honest_below") + F.col("honest") / 2)).alias("won"),
        (F.sum("frauds") * F.sum("honest")).alias("pairs"),
    ).first()
    return total["won"] / total["pairs"] if total["pairs"] else float("nan")
