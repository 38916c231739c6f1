"""Queries over the awkward table that are carried."""

from __future__ import annotations

from pyspark.sql.connect.functions import builtin as F  # noqa: N812
from pyspark.sql.connect.window import Window

from tests.spark.fusion.group_keys_support import Query

by_s = Window.partitionBy("s")

# Answers whose order does not matter.
ROWS: dict[str, Query] = {
    "frame": lambda df: df,
    "select": lambda df: df.select("id", df["x"], (F.col("y") * 2).alias("z"), F.col("n") + 1),
    "select star": lambda df: df.select("*", F.upper("s").alias("up")),
    "select fields": lambda df: df.select("st.*", "st.a", F.col("st")["b"]),
    "select nothing": lambda df: df.filter("n > 1").select(),
    "selectExpr": lambda df: df.selectExpr("*", "n + 1 AS n1", "CASE WHEN x > 1 THEN 'hi' END"),
    "struct of all": lambda df: df.drop("xs", "st", "x").select(F.struct("*"), F.struct("*").alias("all")),
    "filter": lambda df: df.filter((df["n"] > 1) & F.col("s").isNotNull()).filter("y < 8"),
    "filter by hidden column": lambda df: df.select("id", "n").filter(F.col("id") > 3).filter(F.col("n") > 1),
    "filter struct of all": lambda df: df.select("n", "s").filter(F.struct("*").isNotNull()),
    "with columns": lambda df: df.withColumn("z", F.col("x") + 1).withColumns(
        {"n": df["n"] * 2, "w": df["y"]}
    ),
    "drop": lambda df: df.drop("x", "xs", "absent").drop(df["st"]),
    "rename": lambda df: df.withColumnRenamed("x", "ex").withColumnsRenamed({"s": "es", "n": "en"}),
    "toDF": lambda df: df.select("id", "x", "y").toDF("a", "b", "c").filter("c > 2"),
    "toDF then frame column": lambda df: (t := df.select("id", "n").toDF("a", "b")).select(t["b"], t["a"]),
    "alias": lambda df: df.alias("l").filter("l.n = 2").select("l.id", F.col("l.st.a")),
    "repartition": lambda df: df.repartition(2).repartition(3, "s").coalesce(1).select("id"),
    "repartition by range": lambda df: df.repartitionByRange(2, F.desc("id")).select("id"),
    "hint": lambda df: df.hint("rebalance").select("id"),
    "explode": lambda df: df.select("id", F.explode("xs").alias("e")).filter("e > 0"),
    "posexplode": lambda df: df.select(F.posexplode("xs"), "id"),
    "explode outer": lambda df: df.withColumn("e", F.explode_outer("xs")).drop("xs"),
    "time window": lambda df: df.select("id", F.window(F.col("d").cast("timestamp"), "2 days").alias("w")),
    "lambda": lambda df: df.select(F.transform("xs", lambda v: v + 1).alias("t")),
    "fillna": lambda df: df.select("id", "n", "x", "s").fillna(9),
    "fillna text": lambda df: df.select("n", "s").fillna("none").fillna({"n": 4}),
    "dropna": lambda df: df.select("id", "n", "x", "s").dropna(),
    "dropna thresh": lambda df: df.select("n", "s", "d").dropna(thresh=2),
    "dropna all": lambda df: df.select("n", "s").dropna("all").dropna(subset=["n"]),
    "replace": lambda df: df.select("id", "n", "y").replace(2, 20),
    "replace subset": lambda df: df.replace({"p": "P"}, subset=["s"]).select("s"),
    "unpivot": lambda df: df.unpivot("id", ["n", "id"], "name", "value"),
    "unpivot rest": lambda df: df.select("id", "x", "y").unpivot(["id"], None, "name", "value"),
    "isEmpty": lambda df: df.filter("n > 1 AND s = 'p'").select().limit(1),
    "count": lambda df: df.groupBy().agg(F.count("*").alias("count")),
    "count by other names": lambda df: df.agg(
        F.call_function("COUNT", F.col("*")).alias("a"), F.count(df["*"]).alias("b")
    ),
    "count after filter": lambda df: df.filter("id = 4").agg(F.count(F.lit(1))),
    "aggregates": lambda df: df.agg(
        F.sum("n"),
        F.avg("y"),
        F.min("d"),
        F.max("s"),
        F.stddev("y"),
        F.corr("y", "id"),
        F.sum("m"),
        F.avg("m"),
    ),
    "aggregates of NaN": lambda df: df.agg(F.sum("x"), F.avg("x"), F.count("x"), F.count_if(F.isnan("x"))),
    "distinct aggregates": lambda df: df.agg(
        F.countDistinct("s"), F.countDistinct("n", "s"), F.sum_distinct("n")
    ),
    "select aggregates": lambda df: df.select(F.max("n"), (F.sum("y") - F.count("*")).alias("less")),
    "select aggregates in text": lambda df: df.selectExpr("count(*)", "avg(y) AS m", "max(s)"),
    "aggregate dict": lambda df: df.agg({"y": "max", "n": "avg"}),
    "aggregate of nothing": lambda df: df.filter("id < 0").agg(F.sum("n"), F.count("*"), F.max("s")),
    "orderless collections": lambda df: df.agg(
        F.sort_array(F.collect_list("n")),
        F.size(F.collect_set("s")),
        F.array_sort(F.collect_set("s")).alias("c"),
        F.array_contains(F.collect_list("n"), 7),
    ),
    "percentile": lambda df: df.agg(F.percentile("y", 0.25), F.median("n"), F.percentile_approx("y", 0.5)),
    "of an aggregate": lambda df: (
        df.agg(F.sum("y").alias("t"), F.count("*").alias("c"))
        .withColumn("m", F.col("t") - F.col("c"))
        .fillna(0)
        .select("m", "c")
    ),
    "group": lambda df: df.groupBy("s").agg(F.sum("y"), F.count("*"), F.max("id").alias("top")),
    "group by float": lambda df: df.groupBy("x").count(),
    "group by expressions": lambda df: df.groupBy(F.col("n") % 2, F.expr("upper(s) AS u")).agg(F.min("id")),
    "group by frame column": lambda df: df.filter("n > 0").groupBy(df["n"]).agg(F.avg(df["y"])),
    "group by time window": lambda df: df.groupBy(F.window(F.col("d").cast("timestamp"), "3 days")).count(),
    "having": lambda df: df.groupBy("s").agg(F.count("*").alias("c")).filter("c > 2"),
    "aggregate of groups": lambda df: (
        df.groupBy("s").agg(F.avg("y").alias("a")).agg(F.max("a"), F.stddev_pop("a"), F.count("*"))
    ),
    "groups of a filter": lambda df: df.filter("seg = 'a' AND n = 2").groupBy("s").count(),
    "pivot": lambda df: df.groupBy("n").pivot("s", ["p", "q"]).agg(F.sum("y")),
    "pivot of all": lambda df: df.groupBy().pivot("s", ["p", "zz"]).agg(F.max("y"), F.count("id")),
    "distinct": lambda df: df.select("n", "s", "x").distinct(),
    "dropDuplicates": lambda df: df.select("n", "flag").dropDuplicates(["flag", "n"]),
    "dropDuplicates then count": lambda df: df.dropDuplicates(["n", "s"]).agg(F.count("*"), F.sum("n")),
    "dropDuplicates then select": lambda df: df.dropDuplicates(["s"]).filter(F.col("s") > "a").select("s"),
    "distinct of an aggregate": lambda df: df.agg(F.max("n").alias("m")).distinct().groupBy("m").count(),
    "limit of one row": lambda df: df.agg(F.max("y").alias("m")).orderBy("m").limit(1),
    "window sum": lambda df: df.select("id", F.sum("y").over(by_s), F.count("*").over(by_s).alias("c")),
    "window of all": lambda df: df.withColumn("share", F.col("y") / F.sum("y").over(Window.partitionBy())),
    "window rank": lambda df: (
        df.withColumn("r", F.rank().over(by_s.orderBy(F.desc("y")))).filter("r <= 2").select("id", "r")
    ),
    "window ranks": lambda df: df.select(
        "id",
        F.dense_rank().over(by_s.orderBy("n")),
        F.percent_rank().over(by_s.orderBy("id")).cast("float"),
        F.cume_dist().over(by_s.orderBy(F.col("n").desc_nulls_last())) + 1,
    ),
    "window running": lambda df: df.select("id", F.sum("id").over(by_s.orderBy("n")).alias("run")),
    "window range": lambda df: df.select(
        "id", F.count("*").over(by_s.orderBy("id").rangeBetween(-9, 0)).alias("near")
    ),
    "window rows of all": lambda df: df.select(
        "id",
        F.max("id").over(by_s.orderBy("n").rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)),
    ),
    "aggregate of a window": lambda df: (
        df.withColumn("top", F.max("y").over(by_s)).filter("y = top").agg(F.sum("id"), F.count("*"))
    ),
    "select star of frame": lambda df: df.select(df["*"]).select("id", "xs"),
    "hash of all": lambda df: df.select("id", "n", "s").select(F.hash("*"), F.xxhash64("*").alias("h")),
    "rollup": lambda df: df.rollup("s", "n").agg(F.sum("y"), F.count("*")),
    "cube": lambda df: df.cube("flag", "n").agg(F.max("id")),
    "grouping sets": lambda df: df.groupingSets([["s"], ["n"]], "s", "n").agg(F.count("*")),
    "hash in a group": lambda df: df.select("n", "s").groupBy("s").agg(F.max(F.hash("*"))),
    "hidden column": lambda df: df.select("id").filter(df["n"] > 1).orderBy(F.desc("y")),
}

# Answers with an order, of which each is tied in no segment.
ORDERED: dict[str, Query] = {
    "sort": lambda df: df.orderBy("n", F.desc("id")),
    "sort nulls": lambda df: df.select("id", "x", "s").orderBy(
        F.col("x").desc_nulls_first(), F.asc("s"), "id"
    ),
    "sort then rows": lambda df: (
        df.orderBy(F.desc("y")).filter("n > 0").select("id").withColumn("k", F.lit(1))
    ),
    "sort of groups": lambda df: df.groupBy("s").agg(F.sum("id").alias("t")).orderBy(F.desc("t")),
    "sort of a sort": lambda df: df.orderBy("y").orderBy("id").select("id"),
    "first": lambda df: df.orderBy(F.desc("y")).limit(1),
    "top": lambda df: df.filter("n IS NOT NULL").orderBy("n", "id").limit(3).select("n", "s"),
    "top of a select": lambda df: df.orderBy(F.desc(df["id"])).select("id", "n").limit(4),
    "top by a hidden column": lambda df: df.orderBy(F.desc("y")).select("s").limit(2),
    "top by frame column": lambda df: df.withColumn("z", F.lit(1)).filter("n > 0").orderBy(df["y"]).limit(2),
    "top of groups": lambda df: df.groupBy("s").agg(F.sum("id").alias("t")).orderBy("t").limit(1).select("s"),
    "top twice": lambda df: df.orderBy("y").limit(5).withColumn("z", F.col("y") + 1).limit(2),
    "top, filled": lambda df: df.select("id", "n", "s").orderBy("id").limit(6).fillna(0).toDF("a", "b", "c"),
    "top, sorted": lambda df: df.orderBy("y").limit(5).orderBy("id").select("id"),
    "first of all": lambda df: df.agg(F.max("y").alias("m")).orderBy("m").limit(1),
}

# As ordered answers, but equal rows compete for a place in some segments.
TIED: dict[str, Query] = {
    "tied": lambda df: df.orderBy("n").limit(2),
    "tied at zero": lambda df: df.filter("x = 0").orderBy("x").limit(1),
    "tied at the end": lambda df: df.orderBy("flag").limit(4).select("s"),
}
