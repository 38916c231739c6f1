"""Plans over one hostile table, as authors write them; and the table."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.connect import functions as F  # noqa: N812
from pyspark.sql.connect.window import Window

_UTC: Final = dt.UTC


def hostile_table() -> pa.Table:
    """Forty rows with nulls, NaN, zeros of both signs, extremes and texts of all kinds."""
    rows = 40
    doubles = [0.0, -0.0, 1.5, -2.5, math.nan, None, 0.1, 1e16, 3.25, 7.0]
    longs = [0, 1, -1, None, 2**53 + 1, 41, -(2**53), 7, 8, 9]
    texts = ["a", "B", "", None, "abc", "é", " x ", "a", "zz", "b"]
    days = [dt.date(2020, 1, 1), dt.date(1969, 12, 31), None, dt.date(2024, 2, 29)]
    instants = [
        dt.datetime(2020, 1, 1, 12, 30, 15, 123456, _UTC),
        dt.datetime(1969, 12, 31, 23, 59, 59, 999999, _UTC),
        None,
        dt.datetime(2024, 3, 31, 1, 30, tzinfo=_UTC),
    ]

    def cycle(values: list[Any], step: int = 1) -> list[Any]:
        return [values[(place * step) % len(values)] for place in range(rows)]

    return pa.table(
        {
            "id": pa.array(range(rows), pa.int64()),
            "i": pa.array(cycle([3, -7, 0, None, 100, 2, 5]), pa.int32()),
            "big": pa.array(cycle(longs), pa.int64()),
            "x": pa.array(cycle(doubles), pa.float64()),
            "y": pa.array([float(place % 7) + 0.5 for place in range(rows)], pa.float64()),
            "f": pa.array(cycle([0.5, 0.1, None, -3.0]), pa.float32()),
            "s": pa.array(cycle(texts, 3), pa.string()),
            "k": pa.array(cycle(["u", "v", None, "w"]), pa.string()),
            "flag": pa.array(cycle([True, False, None]), pa.bool_()),
            "d": pa.array(cycle(days), pa.date32()),
            "t": pa.array(cycle(instants), pa.timestamp("us", "UTC")),
            "p": pa.array(
                cycle([decimal.Decimal("1.50"), None, decimal.Decimal("-3.25")]), pa.decimal128(9, 2)
            ),
            "st": pa.array(
                cycle([{"n": 1, "s": "a"}, None, {"n": 5, "s": None}]),
                pa.struct([("n", pa.int32()), ("s", pa.string())]),
            ),
            "mp": pa.array(cycle([[("a", 1)], None, []]), pa.map_(pa.string(), pa.int64())),
            "xs": pa.array([[place] for place in range(rows)], pa.list_(pa.int32())),
            "ws": pa.array(
                cycle([["a", "b", "a"], None, [], ["z", None, "é", None], [""]]), pa.list_(pa.string())
            ),
            "Label": pa.array([place % 2 for place in range(rows)], pa.int32()),
        }
    )


# What must be answered natively, and as Spark answers it.
NATIVE: Final[Mapping[str, Callable[[DataFrame], DataFrame]]] = {
    "average": lambda df: df.agg(F.avg("y")),
    "lambda functions": lambda df: df.select(
        "id", F.filter("xs", lambda one: one > 3).alias("a"),
        F.exists("ws", lambda one: one == "a").alias("b"),
        F.forall("ws", lambda one: one.isNotNull()).alias("c"),
        F.transform("ws", lambda one: F.concat(one, F.col("k"))).alias("d"),
    ),
    "keys of maps": lambda df: df.select(
        F.size(F.map_keys("mp")).alias("n"), F.array_contains(F.map_keys("mp"), "a").alias("a"),
        F.map_contains_key("mp", "a").alias("b"), F.map_values("mp").alias("c"),
        F.element_at("xs", 1).alias("d"), F.col("xs")[0].alias("e"),
    ),
    "arrays of columns": lambda df: df.select(
        F.array("i", "Label").alias("a"), F.array_max(F.array("id", "big")).alias("b"),
        F.array_distinct(F.array("k", "s", "k")).alias("c"),
    ),
    "types by their names": lambda df: df.select(
        F.expr("bigint(i)").alias("a"), F.expr("string(id)").alias("b"), F.expr("date(t)").alias("c"),
        F.expr("typeof(p)").alias("e"), F.expr("CASE k WHEN 'u' THEN 1 WHEN 'v' THEN -2 END").alias("f"),
    ),
    "formats and parts": lambda df: df.select(
        F.date_format("t", "yyyy-MM-dd HH:mm:ss").alias("a"), F.date_format("d", "yyyy-MM").alias("b"),
        F.expr("extract(YEAR FROM t)").alias("c"), F.expr("date_part('dow', d)").alias("e"),
        F.next_day("d", "Mon").alias("f"), F.months_between("t", "d").alias("g"),
        F.from_unixtime(F.col("id")).alias("h"),
        F.to_date(F.col("d").cast("string"), "yyyy-MM-dd").alias("i"),
    ),
    "texts by places": lambda df: df.select(
        F.lpad("k", 5, "*").alias("a"), F.locate("a", "s").alias("b"), F.concat_ws("-", "k", "s").alias("c"),
        F.split_part("s", F.lit("b"), F.lit(1)).alias("e"), F.expr("k || '-' || s").alias("f"),
        F.expr("trim(BOTH ' ' FROM s)").alias("g"), F.expr("overlay(s PLACING 'x' FROM 1)").alias("h"),
        F.expr("position('a' IN s)").alias("j"), F.expr("substring(s FROM 2 FOR 1)").alias("m"),
    ),
    "bits": lambda df: df.select(
        F.col("i").bitwiseAND(F.col("Label")).alias("a"), F.expr("(id | 1) ^ 3").alias("b"),
        F.bitwise_not("id").alias("c"), F.expr("id div 3").alias("e"), F.bit_count("id").alias("f"),
    ),
    "nulls and zeros": lambda df: df.select(
        F.nvl2("i", F.lit(1), F.lit(0)).alias("a"), F.nullifzero("i").alias("b"),
        F.zeroifnull("i").alias("c"), F.equal_null("k", F.lit("u")).alias("e"), F.e().alias("f"),
    ),
    "average of the same by select": lambda df: df.select(F.avg("y"), F.count("*"), F.sum("i")),
    "many aggregates": lambda df: df.agg(
        F.min("x"), F.max("x"), F.min("s"), F.max("d"), F.count("x"), F.countDistinct("k"), F.stddev("y"),
        F.corr("y", "id"), F.median("y"), F.max("flag"), F.min("t"), F.sum("f"), F.avg("i"),
    ),
    "filtered count": lambda df: df.filter(F.col("i") > 2).select(F.count("*").alias("n")),
    "filter on nulls": lambda df: df.filter(F.col("x").isNull() | F.isnan("x")).agg(F.count("*").alias("n")),
    "larger than anything": lambda df: df.filter(F.col("x") > 5).agg(F.count("*").alias("n"), F.max("id")),
    "SQL text": lambda df: df.filter("i > 2 AND k IN ('u', 'v') AND NOT flag").selectExpr(
        "count(*)", "avg(y) AS m", "sum(CASE WHEN i > 3 THEN 1 ELSE 0 END) AS c"
    ),
    "decimal constants of SQL": lambda df: df.filter("y > 2.5 AND x <= 1e3").agg(F.count("*").alias("n")),
    "not equal": lambda df: df.filter("k != 'u'").agg(F.count("*").alias("n")),
    "casts in SQL": lambda df: df.selectExpr("sum(cast(flag AS int)) AS n", "max(cast(d AS timestamp)) AS t"),
    "by key, sorted": lambda df: df.groupBy("k").agg(F.avg("y").alias("m"), F.count("*")).orderBy("k"),
    "by key, then over all": lambda df: df.groupBy("k", "flag").agg(F.sum("i").alias("n")).agg(F.max("n")),
    "by zeros of both signs": lambda df: df.groupBy("x").count().orderBy("x"),
    "the first of sorted rows": lambda df: df.orderBy(F.desc("id")).limit(3).select("id", "s"),
    "sorted by several": lambda df: df.select("k", "id").orderBy(F.asc_nulls_last("k"), F.desc("id")),
    "rows as they are": lambda df: df.select("id", "x", "s", "t", "d", "flag", "f"),
    "new columns": lambda df: df.withColumn("z", F.col("y") * 2 + 1)
    .withColumn("s", F.upper("k"))
    .select("z", "s"),
    "renamed": lambda df: df.withColumnRenamed("y", "why").drop("x", "xs", "st").select("why", "label"),
    "all columns but nested ones": lambda df: df.drop("xs", "st"),
    "all columns": lambda df: df,
    "nested values": lambda df: df.select("id", "xs", "st", "mp").filter("id < 7"),
    "conditional": lambda df: df.select(
        F.when(F.col("i") > 2, "high").when(F.col("i").isNull(), "none").otherwise("low").alias("c"),
        F.coalesce("i", F.lit(0)).alias("i"), F.greatest("i", "Label").alias("g"),
    ),
    "conditions that are constants": lambda df: df.select(
        F.when(F.lit(True), F.lit(1)).otherwise(F.col("i")).alias("a"),
        F.when(F.col("i") > 2, F.lit(2)).when(F.lit(True), F.lit(1)).otherwise(F.col("i")).alias("b"),
        F.when(F.col("i") > 2, F.col("i")).when(F.lit(True), F.lit(1)).otherwise(F.lit(3)).alias("c"),
        F.when(F.lit(True), F.col("i")).alias("e"), F.when(F.lit(False), F.col("i")).otherwise(1).alias("f"),
    ),
    "guarded division": lambda df: df.select(
        F.when(F.col("i") != 0, F.col("y") / F.col("i")).alias("r")
    ).agg(F.max("r"), F.count("r")),
    "division by what is never zero": lambda df: df.agg(F.max(F.col("id") / F.col("y")).alias("m")),
    "days": lambda df: df.select(
        F.year("d"), F.month("t").alias("m"), F.dayofweek("d").alias("w"), F.hour("t").alias("h"),
        F.to_date("t").alias("day"), F.date_trunc("month", "t").alias("mt"), F.dayofyear("d").alias("n"),
    ).toDF("a", "b", "c", "e", "g", "h", "n"),
    "seconds": lambda df: df.agg(F.max(F.unix_timestamp("t")).alias("n")),
    "day by text": lambda df: df.filter(F.col("d") >= "2020-01-01").agg(F.count("*").alias("n")),
    "texts": lambda df: df.filter(F.col("k").startswith("u") | F.col("k").contains("v")).agg(
        F.max(F.length("s")).alias("n")
    ),
    "conditional counts": lambda df: df.agg(
        F.count_if(F.col("i") > 2).alias("a"), F.sum(F.when(F.col("flag"), 1).otherwise(0)).alias("b"),
        F.avg(F.col("flag").cast("int")).alias("c"), F.count(F.when(F.col("x") > 0, True)).alias("e"),
    ),
    "over the extremes of a text": lambda df: df.agg(F.min("k"), F.max("k")).limit(1),
    "between": lambda df: df.filter(F.col("i").between(0, 5)).agg(F.sum("i")),
    "distinct rows": lambda df: df.select("k", "flag").distinct().agg(F.count("*").alias("n")),
    "distinct, sorted": lambda df: df.select("x").distinct().orderBy("x"),
    "without nulls": lambda df: df.select("x", "k", "y").dropna().agg(F.count("*").alias("n"), F.sum("y")),
    "without rows of nulls": lambda df: df.dropna("all", subset=["x", "k"]).agg(F.count("*").alias("n")),
    "filled": lambda df: df.select("x", "i", "k", "flag", "f").fillna(0).fillna("none"),
    "filled by name": lambda df: df.select("x", "i", "k").fillna({"x": -1.5, "k": "?"}),
    "rounded": lambda df: df.select(F.round("y", 1).alias("a"), F.round(F.col("y") / 3, 2).alias("b")),
    "percentiles": lambda df: df.agg(F.percentile("y", 0.25).alias("a"), F.percentile("i", 0.9).alias("b")),
    "like": lambda df: df.filter("k LIKE 'u%'").agg(F.count("*").alias("n")),
    "decimals": lambda df: df.agg(F.sum("p"), F.max("p"), F.avg(F.col("p").cast("double")).alias("m")),
    "sums of decimals": lambda df: df.agg(
        F.sum(F.col("p") * 2 + 1).alias("a"), F.max(F.col("p") * F.col("p") - F.col("i")).alias("b"),
        F.min(-F.col("p")).alias("c"), F.sum(F.col("p") * F.col("y")).alias("d"),
    ),
    "decimals compared": lambda df: df.filter((F.col("p") > 1) & (F.col("p") < 3.5)).agg(F.count("p")),
    "decimals compared in SQL": lambda df: df.filter("p >= 1.5 AND p < 3").agg(F.count("p")),
    "joined by name": lambda df: df.join(
        df.groupBy("k").agg(F.max("id").alias("top")), "k"
    ).agg(F.count("*").alias("n"), F.sum("top")),
    "joined, the left kept": lambda df: df.select("id", "k", "i").join(
        df.groupBy("i").agg(F.count("*").alias("n")), "i", "left"
    ).orderBy("id"),
    "those with a partner": lambda df: df.join(
        df.filter("i > 4").select("k").distinct(), "k", "left_semi"
    ).agg(F.count("*").alias("n")),
    "those with a partner, by a later column": lambda df: df.select("id", "k").join(
        df.filter("i > 4").select("k").distinct(), "k", "left_semi"
    ).orderBy("id"),
    "those without, by later columns": lambda df: df.select("id", "i", "y", "k").join(
        df.filter("i > 4").select("k", "i").distinct(), ["k", "i"], "left_anti"
    ).toDF("a", "b", "c", "d").orderBy("c"),
    "those without": lambda df: df.join(
        df.filter("i > 4").select("k").distinct(), "k", "left_anti"
    ).agg(F.count("*").alias("n")),
    "joined by a condition": lambda df: df.select("id", "y").join(
        df.select(F.col("id").alias("other"), F.col("y").alias("z")), F.col("y") < F.col("z")
    ).agg(F.count("*").alias("n")),
    "crossed": lambda df: df.select("id").crossJoin(df.select(F.col("y").alias("z")).distinct()).agg(
        F.count("*").alias("n")
    ),
    "numbered rows": lambda df: df.select(
        "id", F.row_number().over(Window.partitionBy("k").orderBy("id")).alias("n"),
        F.ntile(3).over(Window.orderBy(F.desc("id"))).alias("t"),
    ).orderBy("id"),
    "ranks": lambda df: df.withColumn("r", F.rank().over(Window.orderBy("x"))).withColumn(
        "d", F.dense_rank().over(Window.partitionBy("flag").orderBy(F.desc_nulls_last("i")))
    ).select("id", "r", "d").orderBy("id"),
    "neighbours": lambda df: df.select(
        "id", F.lag("i").over(Window.orderBy("id")).alias("a"),
        F.lead("s", 2).over(Window.partitionBy("k").orderBy("id")).alias("b"),
        (F.col("id") - F.lag("id").over(Window.partitionBy("k").orderBy("id"))).alias("c"),
    ).orderBy("id"),
    "over parts": lambda df: df.select(
        "id", F.count("*").over(Window.partitionBy("x")).alias("a"),
        F.sum("i").over(Window.partitionBy("k")).alias("b"),
        F.max("s").over(Window.partitionBy("flag")).alias("c"),
        F.avg("y").over(
            Window.partitionBy("k")
        ).alias("d"),
    ).orderBy("id"),
    "running sums": lambda df: df.select(
        "id", F.sum("i").over(Window.partitionBy("k").orderBy("id")).alias("a"),
        F.sum("p").over(Window.orderBy("id").rowsBetween(Window.unboundedPreceding, 0)).alias("b"),
        F.avg("i").over(Window.orderBy("id").rowsBetween(-2, 1)).alias("c"),
        F.count("x").over(Window.orderBy("flag")).alias("d"),
    ).orderBy("id"),
    "windows in SQL": lambda df: df.selectExpr(
        "*", "dense_rank() OVER (PARTITION BY flag ORDER BY y DESC, k ASC NULLS LAST) AS r",
        "sum(big) OVER (PARTITION BY k) AS total",
        "count(*) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS n",
    ).select("id", "r", "n", "total").orderBy("id"),
    "united": lambda df: df.select("i", "k").union(df.select("Label", "s")).agg(
        F.count("*").alias("n"), F.count_distinct("k").alias("d"), F.sum("i").alias("t")
    ),
    "united by name": lambda df: df.select("i", "k").unionByName(df.select("k", "i")).agg(
        F.sum("i").alias("t")
    ),
    "common to both": lambda df: df.select("k").intersect(df.filter("i > 4").select("k")).orderBy("k"),
    "in one alone": lambda df: df.select("s").subtract(df.select("k")).orderBy("s"),
    "broadcast": lambda df: df.join(F.broadcast(df.groupBy("k").count()), "k").agg(F.sum("count").alias("n")),
    "fields of structs": lambda df: df.filter("st.n > 1")
    .select("id", "st.n", F.col("st.s").alias("t"))
    .orderBy("id"),
    "references by DataFrame": lambda df: df.filter(df["i"] > 2).select(df["y"], (df.y * 2).alias("z")),
    "groups as they come": lambda df: df.groupBy("k").agg(F.count("*").alias("n"), F.avg("y"), F.max("d")),
    "groups of several types as they come": lambda df: df.filter("id > 3")
    .groupBy("i", "flag", "big").count(),
    "groups of days and decimals as they come": lambda df: df.groupBy("d", "t", "p")
    .agg(F.sum("p"), F.min("i")),
    "groups of numbers as they come": lambda df: df.groupBy("i").agg(F.count("*")).select("count(1)", "i"),
    "distinct rows as they come": lambda df: df.select("k", "flag").distinct(),
    "the first rows": lambda df: df.filter("i > 2").limit(5).select("id", "s"),
    "is there anything": lambda df: df.select().limit(1),
    "how many of one kind": lambda df: df.dropDuplicates(["k", "flag"]).agg(F.count("*").alias("n")),
    "by decimals": lambda df: df.groupBy("p").agg(F.count("*").alias("n")).orderBy(F.desc("p")),
    "decimals with whole numbers": lambda df: df.select(
        "id", F.coalesce("p", F.lit(0)).alias("a"),
        F.when(F.col("i") > 2, F.col("p")).otherwise(F.col("big")).alias("b")
    ).orderBy("id"),
    "an aggregate of a constant": lambda df: df.agg(F.lit(5).alias("z")),
    "an aggregate of a constant, summed": lambda df: df.agg(F.lit(5).alias("z")).agg(F.sum("z")),
    "an aggregate of a constant over no rows": lambda df: df.filter("id < 0").agg(F.lit("a").alias("z")),
    "decimals beside literals and other constants": lambda df: df.select(
        "id", (F.col("p") * 2).alias("a"), (F.col("p") * F.lit(2).cast("bigint")).alias("b"),
        (F.col("p") + F.lit(2).cast("int")).alias("c"), (F.col("p") - F.lit(2).alias("two")).alias("d"),
        F.expr("p * (2)").alias("e"), F.expr("p * cast(2 as bigint)").alias("f"),
        F.expr("p + -2").alias("g"), (F.expr("2") * F.col("p")).alias("h"),
    ).orderBy("id"),
    "conditions of SQL between parentheses": lambda df: df.select(
        "id", F.expr("(i is null) = false").alias("a"), F.expr("(i < 3) = flag").alias("b"),
        F.expr("not i = 3").alias("c"), F.expr("i + 1 is not null and id in (1, 2)").alias("d"),
    ).orderBy("id"),
    "the best of means": lambda df: df.groupBy("k").agg(F.avg("y").alias("m")).agg(
        F.max("m") - F.min("m"), F.median("m"), F.max(F.abs(F.col("m") - 1))
    ),
    "medians with NaN": lambda df: df.groupBy("k")
    .agg(F.median(F.nanvl(F.col("x") + 1, F.lit(math.nan))).alias("m")).orderBy("k"),
    "percentiles by rank": lambda df: df.agg(
        F.percentile_approx("y", 0.3), F.percentile_approx("i", 0.9, 100), F.percentile("y", 0.25)
    ),
    "regressions": lambda df: df.agg(
        F.regr_slope("y", "id"), F.regr_r2("y", "id"), F.skewness("y"), F.kurtosis("id")
    ),
    "names of what is computed": lambda df: df.agg(
        F.sum(F.when(F.col("k") == "u", F.col("y")).otherwise(0.0)), F.max(-F.col("y")),
        F.avg((F.col("i") >= 2).cast("double")), F.count_if(F.col("x").isNull() | ~F.col("flag")),
        F.coalesce(F.max("i"), F.lit(0)), F.avg(F.nanvl("x", F.lit(0.5))),
        F.sum(F.col("i").isin(1, 2).cast("int")),
        F.sqrt(F.max("y")), F.floor(F.max("y")), F.max("i") / F.count("y"), F.max(F.round("y", 1)),
    ),
    "texts of numbers, and back": lambda df: df.select(
        "id", F.col("y").cast("string").alias("a"), F.col("id").cast("string").cast("int").alias("b"),
        F.coalesce(F.col("y").cast("string"), F.lit("0")).cast("double").alias("c"), F.log1p("y").alias("d"),
    ).orderBy("id"),
    "patterns": lambda df: df.select(
        "id", F.regexp_extract("s", "([a-c]+)(.?)".replace(".", "[a-z]"), 1).alias("a"),
        F.regexp_replace("s", "[^A-Za-z]", "-").alias("b"), F.col("s").rlike("^[a-zA]+").alias("c"),
    ).orderBy("id"),
    "half to even": lambda df: df.select(
        "id", F.bround("y").alias("a"), F.bround(F.col("y") * 3 - 20).alias("b")
    ).orderBy("id"),
    "subtotals": lambda df: df.rollup("k", "flag").agg(
        F.sum("i").alias("n"), F.grouping_id().alias("g"), F.max("k").alias("m")
    ).orderBy("g", "k", "flag"),
    "cells": lambda df: df.cube("k", "flag").agg(F.count("*").alias("n"), F.grouping_id())
    .agg(F.sum("n"), F.count("*")),
    "subtotals of nothing": lambda df: df.filter("id < 0").rollup("k")
    .agg(F.count("*").alias("n")).agg(F.count("*")),
    "columns of values": lambda df: df.groupBy("flag").pivot("k", ["u", "v", "none"])
    .agg(F.count("i").alias("n")).orderBy("flag"),
    "columns of values and aggregates": lambda df: df.groupBy("flag").pivot("Label", [0, 1]).agg(
        F.avg("y").alias("m"), F.sum("p").alias("s")
    ).orderBy("flag"),
    "rows of columns": lambda df: df.unpivot(["id"], ["i", "y"], "name", "value").orderBy("id", "name"),
    "other texts": lambda df: df.na.replace({"u": "v", "v": "w"}, subset=["k"])
    .select("id", "k", "s").orderBy("id"),
    "min and max as texts": lambda df: df.select("y", "i", "k").summary("count", "min", "max"),
    "missing columns": lambda df: df.select("id", "i").unionByName(
        df.select("y", "id"), allowMissingColumns=True
    ).agg(F.sum("id").alias("a"), F.sum(F.coalesce("y", F.col("i"))).alias("b")),
    "by the names of two": lambda df: df.alias("a").join(
        df.alias("b"), (F.col("a.k") == F.col("b.k")) & (F.col("a.id") < F.col("b.id"))
    ).select("a.id", F.col("b.id").alias("other")).agg(F.count("*").alias("n"), F.sum("other").alias("s")),
    "beside what is true of all": lambda df: df.select("id", "y").crossJoin(
        df.agg(F.stddev("y").alias("s"), F.max("i").alias("m"))
    ).filter(F.col("y") < F.col("m")).agg(F.count("*").alias("n"), F.max("s").alias("s")),
    "values not far away": lambda df: df.select(
        "id", F.count("*").over(Window.partitionBy("k").orderBy("big").rangeBetween(-8, 1)).alias("a"),
        F.sum("i").over(Window.orderBy("id").rangeBetween(-3, Window.currentRow)).alias("b"),
        F.max("y").over(Window.partitionBy("k")).alias("c"),
    ).orderBy("id"),
    "row numbers among rows that are the same": lambda df: df.select("k").withColumn(
        "n", F.row_number().over(Window.partitionBy("k").orderBy("k"))
    ).filter("n = 2").orderBy("k"),
    "sorted, then fewer": lambda df: df.orderBy("id").filter("i > 2").select("id", "xs"),
    "parts of nested values": lambda df: df.select(
        "id", F.col("mp")["a"].alias("a"), F.element_at("mp", F.lit("b")).alias("b"),
        F.col("st").getField("n").alias("c"), F.col("xs")[0].alias("d"), F.element_at("xs", -1).alias("e"),
        F.size("xs").alias("f"), F.size("mp").alias("g"), F.array_contains("xs", 3).alias("h"),
        F.size(F.array_distinct("xs")).alias("i"),
    ).orderBy("id"),
    "texts of nested values": lambda df: df.select(
        "id", F.array_contains("ws", "a").alias("a"), F.size(F.array_distinct("ws")).alias("b"),
        F.array_join(F.sort_array("ws"), "+").alias("c"), F.array_distinct("ws").alias("d"),
        F.array_contains("ws", "z").alias("e"), F.sort_array("ws").alias("f"), F.size("ws").alias("g"),
    ).orderBy("id"),
    "elements as they come": lambda df: df.select("id", F.explode("ws").alias("w")).groupBy("w").count(),
    "elements of some rows": lambda df: df.filter("i > 2").select(F.explode("xs").alias("w"), "k")
    .agg(F.sum("w")),
    "words": lambda df: df.select(F.explode(F.split(F.regexp_replace("s", "[^a-z]", " "), " +")).alias("w"))
    .filter(F.length("w") > 0).groupBy("w").count().agg(F.max("count"), F.count("*")),
    "sets": lambda df: df.groupBy("k").agg(F.collect_set("s").alias("c"), F.collect_set("i").alias("d"))
    .select(
        "k", F.array_join(F.sort_array("c"), "|").alias("a"), F.size("d").alias("n"),
        F.array_contains("d", 3).alias("t"),
    ).orderBy("k"),
    "cells as they come": lambda df: df.cube("k", "flag", "Label").agg(
        F.count("*").alias("n"), F.grouping_id().alias("g")
    ),
    "subtotals as they come": lambda df: df.rollup("k", "i").agg(F.sum("p").alias("n")),
    "float against double": lambda df: df.filter(F.col("f") == 0.1).agg(F.count("*").alias("n")),
    "whole against float": lambda df: df.select(F.coalesce(F.lit(16777217), F.col("f")).alias("c")),
}  # fmt: skip

# The same of SQL text over a view `t`, with arguments.
QUERIES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "groups": (
        "select k, count(*) as n, sum(i) total from t where i > 0 group by k having count(*) > 1 "
        "order by k", {}
    ),
    "definitions": (
        "with a as (select k, avg(y) as m from t group by k), b as (select distinct k from t where flag) "
        "select count(*) as n, max(a.m) as m from a join b on a.k = b.k", {}
    ),
    "sets of keys as they come": (
        "select k, flag, sum(i) as n from t group by grouping sets ((k), (flag), ())", {}
    ),
    "rollup": ("select k, flag, sum(i) as n from t group by rollup (k, flag) order by k, flag, n", {}),
    "inside": (
        "select k, n + 1 as m from (select k, count(*) filter (where i > 1) as n from t group by k) x "
        "order by k", {},
    ),
    "arguments": ("select count(*) as n from t where y > :low and k = :name", {"low": 1.5, "name": "u"}),
    "united": (
        "select count(*) as n from (select k from t union select s from t union all "
        "select k from t where i > 2)", {}
    ),
    "names": ("select count(*), max(y) - min(y), sum(case when i > 2 then 1 else 0 end) from t", {}),
    "windows": (
        "select id, sum(i) over (partition by k order by id) as s, mp['a'] as a from t "
        "order by id limit 5", {}
    ),
    "joined by name": (
        "select id, n from t left join (select k, count(*) as n from t group by k) using (k) order by id", {}
    ),
    "others": (
        "select id from t left anti join (select id from t where i > 0) b on t.id = b.id "
        "order by id", {}
    ),
}  # fmt: skip

# What must be left to Spark, for it fails there, or would be another number natively.
SPARKS: Final[Mapping[str, Callable[[DataFrame], DataFrame]]] = {
    "overflow below a comparison": lambda df: df.agg(F.count(F.col("edge") + 1 == 10).alias("n")),
    "overflow below a sum": lambda df: df.agg(F.sum(F.col("edge") + 1)),
    "overflow in a row that a filter drops": lambda df: df.withColumn("z", F.col("edge") * 2)
    .filter(F.col("z") < 100)
    .agg(F.count("*")),
    "overflow of partial sums": lambda df: df.agg(F.sum("wide")),
    "division by zero": lambda df: df.agg(F.max(F.col("edge") / F.col("zero"))),
    "division by zero that AND would hide": lambda df: df.filter(
        (F.col("zero") != 0) & (F.col("edge") / F.col("zero") > 1)
    ).agg(F.count("*")),
    "text to number": lambda df: df.filter(F.col("text").cast("int") >= 1).agg(F.count("*")),
    "zeros of both signs as an extreme": lambda df: df.agg(F.max("signed")),
    "correlation with a constant": lambda df: df.agg(F.corr("zero", "edge")),
    "ties among sorted rows": lambda df: df.orderBy("zero").select("edge"),
    "ties at a limit": lambda df: df.orderBy("zero").limit(1).select("edge"),
    "unsorted groups with texts": lambda df: df.groupBy("edge").agg(F.max("text")),
    "a pivot of stars": lambda df: df.groupBy("zero").pivot("edge", [9]).agg(F.count("*")),
    "groups behind a limit": lambda df: df.limit(3).groupBy("edge").count(),
    "groups by the same twice": lambda df: df.groupBy("edge", "edge").count(),
    "some rows of groups": lambda df: df.groupBy("edge").count().limit(1),
    "text to number in a filter below": lambda df: df.withColumn("n", F.col("text").cast("double"))
    .filter("zero = 0").agg(F.count("n")),
    "one of each, with more than what they are told by": lambda df: df.dropDuplicates(["zero"])
    .agg(F.max("edge")),
    "row numbers that meet in two orders": lambda df: df.select(
        F.row_number().over(Window.orderBy("zero")).alias("a"),
        F.row_number().over(Window.orderBy(F.desc("zero"))).alias("b"),
    ).agg(F.sum(F.col("a") * F.col("b")).alias("n")),
    "a pattern that matches nothing": lambda df: df.select(F.regexp_replace("text", "x*", "-")),
    "a pattern that backtracks": lambda df: df.select(F.col("text").rlike("(a|ab)(c|bcd)(d*)")),
    "a regression of one": lambda df: df.filter("edge = 9").agg(F.regr_r2("edge", "zero")),
    "quantiles with errors": lambda df: df.agg(F.percentile_approx("zero", 0.5, 2)),
    "extremes by windows": lambda df: df.select(F.max("signed").over(Window.partitionBy("zero")).alias("m")),
    "last bits compared": lambda df: df.select(F.exp(F.col("signed")).alias("e")).filter(F.col("e") > 1),
    "last bits of a sum rounded": lambda df: df.agg(F.sum("signed").cast("int").alias("n")),
    "small letters beyond ASCII": lambda df: df.select(F.lower("text")),
    "row numbers among ties": lambda df: df.select(F.row_number().over(Window.orderBy("zero")), "edge"),
    "a function that is not known": lambda df: df.agg(F.approx_count_distinct("signed")),
    "lists": lambda df: df.agg(F.collect_list("edge")),
    "a name of the table that is no function": lambda df: df.select(
        F.call_function("extract", F.array("edge", "zero"), F.lit(0))
    ),
    # Spark computes what is constant where there are no rows, too, and finds out more of what is.
    "a cast of the branch that is always taken": lambda df: df.filter("zero > 0").select(
        F.when(F.lit(False), F.col("text")).otherwise("a").cast("double").alias("z")
    ),
    "a cast of a column that is constant": lambda df: df.filter("zero > 0").withColumn("c", F.lit("a"))
    .select(F.col("c").cast("double").alias("z")),
    "a rest by what stands first": lambda df: df.filter("zero > 0").select(
        (F.lit(7) % F.coalesce(F.lit(0), F.col("edge"))).alias("z")
    ),
    "a cast of what is left where null decides": lambda df: df.filter("zero > 0").select(
        F.when(F.col("edge") > F.lit(None), F.col("text")).otherwise("a").cast("double").alias("z")
    ),
    "groups by a zero with a sign": lambda df: df.groupBy(F.lit(-0.0).alias("z")).agg(F.max("edge")),
    "the first place that is none": lambda df: df.select(
        F.try_element_at(F.split("text", ","), F.col("zero") - 2147483648).alias("z")
    ),
    "names that are exchanged": lambda df: df.withColumnsRenamed({"edge": "wide", "wide": "edge"})
    .agg(F.sum("edge")),
    "a name that is renamed again": lambda df: df.withColumnsRenamed({"edge": "x", "x": "y"}).agg(F.sum("y")),
    "a condition as a side of another": lambda df: df.select(F.expr("edge is null = false")),
    "comparisons of two ranks": lambda df: df.select(F.expr("(zero = 0) = zero < 1").alias("z")),
    "a condition behind a comparison": lambda df: df.select(F.expr("edge = zero is null").alias("z")),
    "a condition behind BETWEEN": lambda df: df.select(F.expr("edge between 1 and 10 is null").alias("z")),
    "a condition behind DISTINCT FROM": lambda df: df.select(
        F.expr("(zero = 0) is not distinct from edge = 9").alias("z")
    ),
    "conditions around CASE": lambda df: df.select(
        F.expr("(zero = 0) = case when edge = 9 then true end is null").alias("z")
    ),
    "a plus before a number": lambda df: df.select(
        (F.lit("1").cast("decimal(9,2)") * F.expr("+2")).alias("z")
    ),
    "a value for a column twice": lambda df: df.fillna({"signed": 1, "SIGNED": 2}).agg(F.sum("signed")),
    "the name of the cast of a field": lambda df: df.select(F.struct("edge").alias("st"))
    .select(F.col("st.edge").cast("double")).agg(F.sum("edge")),
    "values for columns of other types": lambda df: df.fillna({"text": 5, "edge": 0}).agg(F.count("text")),
    "a Boolean for a number": lambda df: df.fillna({"signed": True, "edge": 0}).agg(F.sum("signed")),
    "a text that is no number for one": lambda df: df.fillna({"edge": "x", "text": "y"}).agg(F.count("edge")),
    "sorting by a place": lambda df: df.select("edge", "wide").orderBy(F.lit(2)).limit(1),
    "sorting by a place in SQL": lambda df: df.select("edge", "wide").orderBy(F.expr("2")).limit(1),
    "grouping by a place": lambda df: df.select("edge", "wide").groupBy(F.lit(1)).agg(F.max("wide")),
    "groups that are counts": lambda df: df.groupBy(F.lit(2)).count(),
    "a window that ends before it begins": lambda df: df.select(
        F.sum("edge").over(Window.partitionBy("zero").orderBy("wide").rowsBetween(2, 1)).alias("z")
    ),
    "a window that began after it ended": lambda df: df.select(
        F.count("edge").over(Window.partitionBy("zero").orderBy("wide").rowsBetween(-1, -3)).alias("z")
    ),
    "half to even of whole numbers": lambda df: df.select(F.bround("zero").alias("z")),
    "an ambiguous name": lambda df: df.toDF("edge", "EDGE", "a", "b", "c").select("edge"),
}  # fmt: skip


def odd_names(df: DataFrame) -> DataFrame:
    """Names with points and back-ticks in them."""
    return df.agg(
        F.sum("`a.b`").alias("x.y"), F.min("`a``b`").alias("`"), F.avg("a").alias("m"),
        F.max("`.c`").alias("c"), F.max("````").alias("q"),
    )  # fmt: skip


def edge_table() -> pa.Table:
    """Rows for which Spark raises, or which leave open what it gives."""
    return pa.table(
        {
            "edge": pa.array([2**31 - 1, 9, None], pa.int32()),
            "wide": pa.array([2**63 - 1, 1, -1], pa.int64()),
            "zero": pa.array([0, 0, 0], pa.int32()),
            "signed": pa.array([-0.0, 0.0, None], pa.float64()),
            "text": pa.array(["1", "é", "x"], pa.string()),
        }
    )
