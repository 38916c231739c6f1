"""Queries over the awkward table that are not carried, with a part of the reason."""

from __future__ import annotations

from pyspark.sql.connect.functions import builtin as F  # noqa: N812
from pyspark.sql.connect.window import Window

from tests.spark.fusion.group_keys_support import Query

by_s = Window.partitionBy("s")

REFUSED: dict[str, tuple[Query, str]] = {
    "join": (lambda df: df.join(df.groupBy("s").count(), "s"), "a relation of several parts"),
    "union": (lambda df: df.union(df), "a relation of several parts"),
    "top by a hidden column of the frame": (
        lambda df: df.select("id", "n").select("id").orderBy(df["id"]).limit(2),
        "an earlier DataFrame",
    ),
    "some rows without columns": (lambda df: df.select().limit(2), "limit without a sort"),
    "missing values of a star": (lambda df: df.dropna(subset=["*"]), "columns that cannot be named"),
    "offset": (lambda df: df.orderBy("id").offset(1), "kind offset"),
    "sample": (lambda df: df.sample(0.5, 3), "kind sample"),
    "describe": (lambda df: df.describe("y"), "kind describe"),
    "summary": (lambda df: df.summary("min"), "kind summary"),
    "limit": (lambda df: df.limit(3), "limit without a sort"),
    "limit of none": (lambda df: df.orderBy("id").limit(0), "limit of 0 rows"),
    "limit after filter": (lambda df: df.orderBy("id").filter("n > 1").limit(1), "limit without a sort"),
    "limit, sorted, limit": (
        lambda df: df.orderBy("id").limit(5).orderBy("y").limit(2),
        "limit without a sort",
    ),
    "limit, stirred, limit": (
        lambda df: df.orderBy("id").limit(5).repartition(2).limit(2),
        "limit without a sort",
    ),
    "filter of limit": (lambda df: df.orderBy("id").limit(5).filter("n > 1"), "a filter above a limit"),
    "dropna of limit": (lambda df: df.orderBy("id").limit(5).dropna(), "dropna above a limit"),
    "aggregate of limit": (
        lambda df: df.orderBy("id").limit(5).agg(F.sum("n")),
        "an aggregate above a limit",
    ),
    "select aggregate of limit": (lambda df: df.orderBy("id").limit(5).select(F.sum("n")), "above a limit"),
    "distinct of limit": (lambda df: df.orderBy("id").limit(5).distinct(), "distinct rows above a limit"),
    "window of limit": (
        lambda df: df.orderBy("id").limit(5).withColumn("c", F.count("*").over(by_s)),
        "a window above a limit",
    ),
    "explode of limit": (lambda df: df.orderBy("id").limit(5).select(F.explode("xs")), "makes rows above"),
    "unpivot of limit": (
        lambda df: df.orderBy("id").limit(5).unpivot("id", ["n"], "a", "b"),
        "an unpivot above a limit",
    ),
    "filter of total": (
        lambda df: df.agg(F.sum("n").alias("t")).filter("t > 3"),
        "above an aggregate of all",
    ),
    "filter of rollup": (lambda df: df.rollup("s").count().filter("s = 'p'"), "above an aggregate of all"),
    "dropna of total": (lambda df: df.agg(F.sum("n")).dropna(), "above an aggregate of all"),
    "explode of total": (
        lambda df: df.agg(F.collect_set("n").alias("c")).select(F.explode("c")),
        "depends on the order",
    ),
    "explode of counted": (
        lambda df: df.agg(F.count("n").alias("c")).select(F.explode(F.sequence(F.lit(1), "c"))),
        "makes rows",
    ),
    "group of constants, filtered": (
        lambda df: df.groupBy(F.lit("k")).count().filter("count > 1"),
        "above an aggregate of all",
    ),
    "having sum": (lambda df: df.groupBy("s").count().filter(F.sum("count") > 1), "an aggregate function"),
    "sort by aggregate": (lambda df: df.groupBy("s").count().orderBy(F.sum("n")), "an aggregate function"),
    "withColumn of aggregate": (lambda df: df.withColumn("t", F.sum("n")), "an aggregate function"),
    "filter of window": (lambda df: df.filter(F.count("*").over(by_s) > 1), "a window function outside"),
    "sort within partitions": (lambda df: df.sortWithinPartitions("id"), "sortWithinPartitions"),
    "sort by number": (lambda df: df.orderBy(F.lit(1)), "columns by number"),
    "sort by number in text": (lambda df: df.orderBy(F.expr("(1)")), "columns by number"),
    "group by number": (lambda df: df.groupBy(F.lit(2)).count(), "columns by number"),
    "random": (lambda df: df.withColumn("u", F.rand(7)), "changes from run to run"),
    "random text": (lambda df: df.selectExpr("rand()"), "changes from run to run"),
    "today": (lambda df: df.filter(F.col("d") < F.current_date()), "changes from run to run"),
    "today in text": (lambda df: df.filter("d < current_date"), "changes from run to run"),
    "today as a column": (lambda df: df.select(F.col("current_date")), "changes from run to run"),
    "numbered rows": (lambda df: df.zipWithIndex("at"), "changes from run to run"),
    "row ids": (lambda df: df.select(F.monotonically_increasing_id()), "changes from run to run"),
    "subquery": (lambda df: df.filter(df["y"] > df.agg(F.avg("y")).scalar()), "a relation of several parts"),
    "first value": (lambda df: df.agg(F.first("n")), "first, whose value depends on the order"),
    "collected": (lambda df: df.groupBy("s").agg(F.collect_list("n")), "collect_list, whose value depends"),
    "collected, reversed": (lambda df: df.agg(F.reverse(F.collect_list("n"))), "collect_list, whose value"),
    "collected, sorted somehow": (
        lambda df: df.agg(F.array_sort(F.collect_list("n"), lambda a, b: a % 2 - b % 2)),
        "collect_list, whose",
    ),
    "found in collected": (
        lambda df: df.agg(F.array_contains(F.array(F.lit(1)), F.first("n"))),
        "first, whose",
    ),
    "max_by": (lambda df: df.agg(F.max_by("id", "n")), "max_by, whose value depends on the order"),
    "mode": (lambda df: df.agg(F.mode("n")), "mode, whose value depends on the order"),
    "first in text": (lambda df: df.agg(F.expr("first(n)")), "first, whose value depends on the order"),
    "sketch": (
        lambda df: df.agg(F.hll_sketch_estimate(F.hll_sketch_agg("s"))),
        "hll_sketch_agg, whose value",
    ),
    "dropDuplicates": (lambda df: df.dropDuplicates(["s"]), "dropDuplicates of some columns"),
    "dropDuplicates then others": (
        lambda df: df.dropDuplicates(["s"]).agg(F.sum("n")),
        "dropDuplicates of some",
    ),
    "dropDuplicates then text": (
        lambda df: df.dropDuplicates(["s"]).selectExpr("s"),
        "dropDuplicates of some",
    ),
    "dropDuplicates then hidden": (
        lambda df: df.dropDuplicates(["s"]).select("s").filter(df["n"] > 1),
        "dropDuplicates of some",
    ),
    "grouping": (lambda df: df.cube("s").agg(F.grouping("s")), "grouping_id"),
    "grouping id": (lambda df: df.rollup("s").agg(F.grouping_id()), "grouping_id"),
    "grouping id column": (lambda df: df.rollup("s").agg(F.col("grouping__id")), "grouping_id"),
    "rollup of expressions": (lambda df: df.rollup(F.col("n") + 1).count(), "something other than columns"),
    "cube of many": (lambda df: df.cube("s", "n", "d", "m", "flag", "y").count(), "or too many"),
    "pivot open": (lambda df: df.groupBy("n").pivot("s").count(), "a pivot without values"),
    "session window": (lambda df: df.groupBy(F.session_window("d", "1 day")).count(), "session windows"),
    "window over groups": (
        lambda df: df.groupBy("s").agg(F.rank().over(Window.partitionBy().orderBy(F.sum("n")))),
        "a window over aggregates",
    ),
    "row number": (lambda df: df.select(F.row_number().over(by_s.orderBy("id"))), "row_number over a window"),
    "lag": (lambda df: df.withColumn("l", F.lag("n").over(by_s.orderBy("id"))), "lag over a window"),
    "first of window": (lambda df: df.select(F.first("n").over(by_s.orderBy("id"))), "first over a window"),
    "window of rows": (
        lambda df: df.select(F.sum("n").over(by_s.orderBy("id").rowsBetween(-2, 0))),
        "a window of ROWS",
    ),
    "window in text": (lambda df: df.selectExpr("sum(n) OVER (PARTITION BY s) AS t"), "a window in SQL text"),
    "window by random": (
        lambda df: df.select(F.rank().over(by_s.orderBy(F.rand()))),
        "changes from run to run",
    ),
    "star in text": (lambda df: df.selectExpr("struct(*)"), "all columns in SQL text"),
    "star of alias": (lambda df: df.alias("t").select("t.*"), "all columns of an alias"),
    "star of the frame's name": (lambda df: df.select("frame.*"), "all columns of an alias"),
    "star of an earlier frame": (
        lambda df: df.withColumn("z", F.lit(1)).select(df["*"]),
        "an earlier DataFrame",
    ),
    "distinct count of a star": (
        lambda df: df.agg(F.count_distinct("*")),
        "a count of distinct rows by a star",
    ),
    "pattern": (lambda df: df.select(df.colRegex("`x.*`")), "columns by a pattern"),
    "top by an earlier column": (
        lambda df: df.withColumn("y", -F.col("y")).orderBy(df["y"]).limit(1),
        "an earlier DataFrame",
    ),
    "unpivot of expressions": (lambda df: df.unpivot(F.col("id") + 1, ["n"], "a", "b"), "other than columns"),
    "drop of a nested field": (lambda df: df.drop(F.col("n") + 1), "a drop of something other than columns"),
}
