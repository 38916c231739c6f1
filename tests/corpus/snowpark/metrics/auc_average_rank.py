from snowflake.snowpark import Window
from snowflake.snowpark.functions import col, count, lit
from snowflake.snowpark.functions import sum as sum_


def calc_metric(df):
    by_score = df.group_by("score").agg(count(lit(1)).alias("n"), sum_("label").alias("p"))
    upto = sum_("n").over(
        Window.order_by("score").rows_between(Window.UNBOUNDED_PRECEDING, Window.CURRENT_ROW)
    )
    ranked = by_score.with_column("rank", upto - (col("n") - 1) / 2)
    s = ranked.agg(
        sum_(col("rank") * col("p")).alias("ranks"), sum_("p").alias("p"), sum_("n").alias("n")
    ).collect()[0]
    if not s["N"] or not s["P"] or s["P"] == s["N"]:
        return float("nan")
    frauds, honest = int(s["P"]), int(s["N"] - s["P"])
    return (float(s["RANKS"]) - frauds * (frauds + 1) / 2) / (frauds * honest)
