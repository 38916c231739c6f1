"""What authors write: PySpark calls that must pass. Each takes the frame and the session."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable
from typing import Any

import pandas as pd
from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql import types as T  # noqa: N812

Call = Callable[[Any, Any], Any]

RELATIONS: dict[str, Call] = {
    "frame": lambda df, spark: df,
    "select names": lambda df, spark: df.select("a", "b"),
    "select star": lambda df, spark: df.select("*"),
    "select star of frame": lambda df, spark: df.select(df["*"]),
    "select struct star": lambda df, spark: df.select("s.*"),
    "select attribute": lambda df, spark: df.select(df.a, df["b"]),
    "select nested": lambda df, spark: df.select("s.x", F.col("s").getField("y"), F.col("s")["x"]),
    "select back-ticks": lambda df, spark: df.select("`a`", F.col("`odd.name`")),
    "select items": lambda df, spark: df.select(F.col("xs")[0], F.col("m")["k"], F.col("xs").getItem(1)),
    "selectExpr": lambda df, spark: df.selectExpr("a + 1 AS a1", "avg(b) OVER (PARTITION BY c) AS m"),
    "colRegex": lambda df, spark: df.select(df.colRegex("`a.*`")),
    "alias": lambda df, spark: df.alias("x").select("x.a"),
    "alias metadata": lambda df, spark: df.select(F.col("a").alias("a", metadata={"unit": "m"})),
    "filter column": lambda df, spark: df.filter((df.a > 1) & ~(df.b < 0.5) | df.c.isNull()),
    "filter text": lambda df, spark: df.filter("a > 1 AND c LIKE 'x%'"),
    "where": lambda df, spark: df.where(F.col("c").isin("x", "y") & F.col("b").between(0, 1)),
    "comparisons": lambda df, spark: df.select(
        df.a == 1, df.a != 1, df.a >= 1, df.a <= 1, df.a.eqNullSafe(None), -df.a, df.a**2, df.a % 2, 1 / df.b
    ),
    "strings": lambda df, spark: df.select(
        df.c.startswith("a"), df.c.endswith("b"), df.c.contains("c"), df.c.rlike("x+"), df.c.ilike("%y%")
    ),
    "substr": lambda df, spark: df.select(df.c.substr(1, 2), df.c[1:3]),
    "bits": lambda df, spark: df.select(
        df.a.bitwiseAND(1), df.a.bitwiseOR(2), df.a.bitwiseXOR(3), F.bitwise_not("a")
    ),
    "nulls": lambda df, spark: df.select(
        df.a.isNull(), df.a.isNotNull(), F.isnan("b"), F.coalesce("a", F.lit(0)), F.nanvl("b", F.lit(0.0))
    ),
    "when": lambda df, spark: df.select(F.when(df.a > 1, "x").when(df.a > 0, "y").otherwise("z")),
    "casts": lambda df, spark: df.select(
        df.a.cast("double"), df.a.cast(T.StringType()), df.c.try_cast("int"), df.b.cast("decimal(10,2)")
    ),
    "cast nested": lambda df, spark: df.select(
        df.xs.cast(T.ArrayType(T.LongType())), df.s.cast("struct<x:bigint,y:string>")
    ),
    "literals": lambda df, spark: df.select(
        F.lit(1),
        F.lit(2**40),
        F.lit(0.5),
        F.lit("x"),
        F.lit(True),
        F.lit(None),
        F.lit(b"ab"),
        F.lit(decimal.Decimal("1.50")),
        F.lit(datetime.date(2026, 1, 1)),
        F.lit(datetime.datetime(2026, 1, 1, 12)),
        F.lit(datetime.timedelta(days=1)),
        F.lit([1, 2, 3]),
        F.lit(datetime.time(1, 2, 3)),
    ),
    "sort": lambda df, spark: df.orderBy(F.desc("a"), F.asc_nulls_last("b"), "c"),
    "sort within partitions": lambda df, spark: df.sortWithinPartitions("a"),
    "limit": lambda df, spark: df.orderBy("a").limit(10),
    "offset": lambda df, spark: df.orderBy("a").offset(5).limit(5),
    "distinct": lambda df, spark: df.select("c").distinct(),
    "drop duplicates": lambda df, spark: df.dropDuplicates(["a", "c"]),
    "sample": lambda df, spark: df.sample(fraction=0.1, seed=3),
    "sample with replacement": lambda df, spark: df.sample(True, 1.5, 3),
    "random split": lambda df, spark: df.randomSplit([0.8, 0.2], seed=1)[1],
    "sampleBy": lambda df, spark: df.sampleBy("label", {0: 0.1, 1: 0.5}, seed=1),
    "withColumn": lambda df, spark: df.withColumn("z", F.col("a") * 2),
    "withColumns": lambda df, spark: df.withColumns({"y": df.a + 1, "z": df.b * 2}),
    "withColumnRenamed": lambda df, spark: df.withColumnRenamed("a", "alpha"),
    "withColumnsRenamed": lambda df, spark: df.withColumnsRenamed({"a": "x", "b": "y"}),
    "withMetadata": lambda df, spark: df.withMetadata("a", {"unit": "m"}),
    "drop": lambda df, spark: df.drop("a", "b").drop(df.c),
    "toDF": lambda df, spark: df.select("a", "b").toDF("x", "y"),
    "to schema": lambda df, spark: df.to(T.StructType([T.StructField("a", T.LongType())])),
    "struct update": lambda df, spark: df.select(
        df.s.withField("z", F.lit(1)), df.s.withField("w.v", F.lit(1)), df.s.dropFields("x")
    ),
    "groupBy agg": lambda df, spark: df.groupBy("c").agg(F.avg("b"), F.max("a").alias("m"), F.count("*")),
    "groupBy dict": lambda df, spark: df.groupBy("c").agg({"b": "avg", "a": "max"}),
    "groupBy shortcuts": lambda df, spark: df.groupBy("c").count().join(df.groupBy("c").sum("a"), "c"),
    "global agg": lambda df, spark: df.agg(F.corr("a", "b"), F.stddev("b"), F.percentile_approx("b", 0.5)),
    "count distinct": lambda df, spark: df.agg(F.countDistinct("a", "c"), F.sum_distinct("a")),
    "conditional agg": lambda df, spark: df.agg(
        F.sum(F.when(df.label == 1, 1).otherwise(0)), F.count_if(df.flag)
    ),
    "rollup": lambda df, spark: df.rollup("c", "flag").agg(F.sum("a"), F.grouping_id()),
    "cube": lambda df, spark: df.cube("c", "flag").count(),
    "grouping sets": lambda df, spark: df.groupingSets([["c"], ["flag"], []], "c", "flag").agg(F.sum("a")),
    "pivot": lambda df, spark: df.groupBy("c").pivot("label", [0, 1]).agg(F.avg("b")),
    "pivot open": lambda df, spark: df.groupBy("c").pivot("label").sum("a"),
    "having": lambda df, spark: df.groupBy("c").agg(F.count("*").alias("n")).filter("n > 10"),
    "join using": lambda df, spark: df.join(df.groupBy("c").agg(F.avg("b").alias("m")), "c", "left"),
    "join columns": lambda df, spark: df.join(other := df.select("id", "b"), df["id"] == other["id"]),
    "join aliases": lambda df, spark: df.alias("l").join(
        df.alias("r"), F.col("l.id") == F.col("r.a"), "semi"
    ),
    "join list": lambda df, spark: df.join(df.select("id", "a", "t"), ["id", "a"], "outer"),
    "cross join": lambda df, spark: df.crossJoin(df.agg(F.avg("b").alias("mean"))),
    "anti join": lambda df, spark: df.join(df.filter("a > 3"), "id", "anti"),
    "lateral join": lambda df, spark: df.lateralJoin(spark.tvf.explode(F.col("xs").outer())),
    "nearest by": lambda df, spark: df.nearestByJoin(
        df.alias("o"), F.abs(df.b - F.lit(1)), 3, mode="exact", direction="distance"
    ),
    "union": lambda df, spark: df.union(df).unionAll(df),
    "union by name": lambda df, spark: df.unionByName(df.drop("a"), allowMissingColumns=True),
    "intersect": lambda df, spark: df.select("a").intersect(df.select("a")).intersectAll(df.select("a")),
    "except": lambda df, spark: df.select("a").subtract(df.select("label")).exceptAll(df.select("a")),
    "fillna": lambda df, spark: df.fillna(0).na.fill({"a": 1, "c": "x"}).fillna(0.5, ["b"]),
    "dropna": lambda df, spark: df.dropna().na.drop("all", subset=["a"]).dropna(thresh=2),
    "replace": lambda df, spark: df.replace(1, 2).na.replace({"x": "y"}, subset=["c"]),
    "describe": lambda df, spark: df.describe("a", "b"),
    "summary": lambda df, spark: df.summary("count", "min", "75%"),
    "crosstab": lambda df, spark: df.crosstab("c", "label"),
    "freqItems": lambda df, spark: df.freqItems(["c"], 0.4),
    "unpivot": lambda df, spark: df.unpivot("id", ["a", "label"], "name", "value"),
    "melt": lambda df, spark: df.melt(["id"], None, "name", "value"),
    "transpose": lambda df, spark: df.limit(3).transpose("c"),
    "repartition": lambda df, spark: df.repartition(4).repartition(8, "c").coalesce(1),
    "repartition by range": lambda df, spark: df.repartitionByRange(4, "a").repartition("c"),
    "hint": lambda df, spark: df.join(df.hint("broadcast"), "id").hint("coalesce", 2),
    "broadcast": lambda df, spark: df.join(F.broadcast(df.select("id")), "id"),
    "window rank": lambda df, spark: df.withColumn(
        "r", F.row_number().over(Window.partitionBy("c").orderBy(F.desc("a")))
    ),
    "window rows": lambda df, spark: df.withColumn(
        "s", F.sum("a").over(Window.partitionBy("c").orderBy("t").rowsBetween(-3, Window.currentRow))
    ),
    "window range": lambda df, spark: df.withColumn(
        "s",
        F.avg("b").over(Window.partitionBy("c").orderBy("a").rangeBetween(Window.unboundedPreceding, 5)),
    ),
    "window lag": lambda df, spark: df.select(
        F.lag("a", 1, 0).over(Window.partitionBy("c").orderBy("t")),
        F.ntile(4).over(Window.partitionBy("c").orderBy("b")),
    ),
    "lambdas": lambda df, spark: df.select(
        F.transform("xs", lambda x: x + 1),
        F.filter("xs", lambda x, i: (x > 1) & (i < 3)),
        F.aggregate("xs", F.lit(0), lambda acc, x: acc + x, lambda acc: acc * 2),
        F.exists("xs", lambda x: x == 1),
        F.zip_with("xs", "xs", lambda x, y: x * y),
        F.transform_values("m", lambda k, v: v + 1),
    ),
    "nested lambdas": lambda df, spark: df.select(
        F.transform("xs", lambda x: F.aggregate("xs", F.lit(0), lambda acc, y: acc + x * y))
    ),
    "arrays": lambda df, spark: df.select(
        F.array("a", "label"),
        F.size("xs"),
        F.sort_array("xs"),
        F.array_contains("xs", 1),
        F.slice("xs", 1, 2),
    ),
    "explode": lambda df, spark: df.select("id", F.explode("xs").alias("x")).groupBy("x").count(),
    "posexplode": lambda df, spark: df.select(F.posexplode("xs").alias("p", "x")),
    "maps": lambda df, spark: df.select(
        F.map_keys("m"), F.create_map(F.lit("k"), "a"), F.element_at("m", "k")
    ),
    "structs": lambda df, spark: df.select(F.struct("a", F.col("b").alias("z")).alias("st")).select("st.z"),
    "dates": lambda df, spark: df.select(
        F.year("d"),
        F.date_trunc("week", "t"),
        F.datediff("d", F.current_date()),
        F.to_date("c", "yyyy"),
        F.unix_timestamp("t"),
        F.months_between("t", "d"),
        F.expr("t + INTERVAL 1 DAY"),
        F.make_date(F.lit(2026), "a", "a"),
    ),
    "time window": lambda df, spark: df.groupBy(F.window("t", "1 day")).agg(F.count("*")),
    "json": lambda df, spark: df.select(
        F.get_json_object("j", "$.a"),
        F.from_json("j", "a INT, b STRING"),
        F.to_json("s"),
        F.from_json("j", T.StructType([T.StructField("a", T.DecimalType(10, 2))])),
        F.json_tuple("j", "a", "b"),
        F.from_json("j", F.schema_of_json(F.lit('{"a": 1}'))),
    ),
    "csv": lambda df, spark: df.select(F.from_csv("c", "a INT"), F.to_csv("s")),
    "text functions": lambda df, spark: df.select(
        F.concat_ws("-", "c", "j"),
        F.regexp_extract("c", "(x+)", 1),
        F.split("c", ","),
        F.upper("c"),
        F.format_number("b", 2),
        F.levenshtein("c", "j"),
        F.sha2("c", 256),
        F.lpad("c", 5, "0"),
    ),
    "math functions": lambda df, spark: df.select(
        F.round("b", 2),
        F.log1p("b"),
        F.sqrt(F.abs("b")),
        F.greatest("a", "label"),
        F.pow("a", 2),
        F.pmod("a", F.lit(3)),
        F.width_bucket("b", F.lit(0.0), F.lit(1.0), F.lit(10)),
        F.hash("a"),
        F.xxhash64("a"),
    ),
    "statistics": lambda df, spark: df.agg(
        F.covar_samp("a", "b"),
        F.kurtosis("b"),
        F.skewness("b"),
        F.var_pop("b"),
        F.regr_slope("b", "a"),
        F.mode("c"),
        F.median("b"),
        F.percentile("b", [0.1, 0.9]),
        F.approx_count_distinct("c", 0.02),
        F.histogram_numeric("b", F.lit(5)),
        F.max_by("a", "b"),
        F.collect_list("a"),
        F.collect_set("c"),
        F.first("a", True),
        F.bool_and("flag"),
    ),
    "random": lambda df, spark: df.withColumn("u", F.rand(7)).orderBy(F.randn(7)),
    "call_function": lambda df, spark: df.select(F.call_function("abs", "a")),
    "expr": lambda df, spark: df.select(F.expr("CASE WHEN a > 1 THEN b ELSE 0.0 END AS v")),
    "expr lambda": lambda df, spark: df.select(F.expr("transform(xs, x -> x + 1)")),
    "scalar subquery": lambda df, spark: df.filter(df.b > df.agg(F.avg("b")).scalar()),
    "exists subquery": lambda df, spark: df.alias("o").filter(
        df.alias("i").filter(F.col("i.a") == F.col("o.label").outer()).exists()
    ),
    "in subquery": lambda df, spark: df.filter(df.a.isin(df.select("label"))),
    "createDataFrame": lambda df, spark: df.join(
        spark.createDataFrame([(1, "x"), (2, "y")], "a INT, w STRING"), "a"
    ),
    "createDataFrame rows": lambda df, spark: spark.createDataFrame([{"a": 1, "b": 2.0}]),
    "createDataFrame pandas": lambda df, spark: spark.createDataFrame(
        pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    ),
    "createDataFrame empty": lambda df, spark: spark.createDataFrame(
        [], T.StructType([T.StructField("a", T.TimestampNTZType())])
    ),
    "range": lambda df, spark: spark.range(0, 1000, 7, 2),
    "range down": lambda df, spark: spark.range(10, 0, -1),
    "tvf": lambda df, spark: spark.tvf.posexplode(F.array(F.lit(1), F.lit(2))),
    "stack": lambda df, spark: df.select(F.stack(F.lit(2), "a", "label")),
    "tail": lambda df, spark: df.limit(5).withColumn("x", F.monotonically_increasing_id()),
    "view": lambda df, spark: spark.table("Scored").filter("a > 1"),
    "chain": lambda df, spark: chain(df, 60),
    "long expression": lambda df, spark: df.select(_sum(40)),
    "transform method": lambda df, spark: df.transform(lambda d: d.filter("a > 1")).select("a"),
    "zip": lambda df, spark: df.repartitionById(4, F.col("a")),
    "odd names": lambda df, spark: df.select(F.col("a").alias("männlich é"), F.lit(1).alias("x y")),
    "metadata by another name": lambda df, spark: df.select(F.col("metadata"), F.col("my_metadata")),
}


def chain(df: Any, length: int) -> Any:
    """A frame with so many columns more, each added by itself."""
    for index in range(length):
        df = df.withColumn(f"c{index}", F.col("a") + index)
    return df


def _sum(length: int) -> Any:
    total = F.lit(0)
    for index in range(length):
        total = total + F.col(f"c{index}")
    return total


# Calls that ask for something other than rows of a plan; each sends one request, which must pass.
REQUESTS: dict[str, Call] = {
    "collect": lambda df, spark: df.collect(),
    "count": lambda df, spark: df.count(),
    "first": lambda df, spark: df.orderBy("a").first(),
    "tail": lambda df, spark: df.tail(3),
    "show": lambda df, spark: df.show(5, truncate=False, vertical=True),
    "toPandas": lambda df, spark: df.toPandas(),
    "toArrow": lambda df, spark: df.toArrow(),
    "toLocalIterator": lambda df, spark: list(df.toLocalIterator()),
    "isEmpty": lambda df, spark: df.isEmpty(),
    "html": lambda df, spark: df._show_string(),
    "corr": lambda df, spark: df.corr("a", "b"),
    "cov": lambda df, spark: df.stat.cov("a", "b"),
    "approxQuantile": lambda df, spark: df.approxQuantile(["a", "b"], [0.25, 0.5], 0.01),
    "createOrReplaceTempView": lambda df, spark: df.filter("a > 1").createOrReplaceTempView("Scored"),
    "createTempView": lambda df, spark: df.createTempView("scored"),
    "sql": lambda df, spark: spark.sql("SELECT avg(b) AS m FROM scored WHERE a > :least", args={"least": 3}),
    "sql positions": lambda df, spark: spark.sql("SELECT * FROM scored WHERE a > ? AND c = ?", args=[1, "x"]),
    "sql frames": lambda df, spark: spark.sql(
        "SELECT {col} FROM {d} WHERE c = {text}", d=df, col=df.a, text="x"
    ),
    "schema": lambda df, spark: df.select("a").schema,
    "columns": lambda df, spark: df.drop("a").columns,
    "tree string": lambda df, spark: spark._client._analyze(
        method="tree_string", plan=df._plan.to_proto(spark._client), level=2
    ),
    "same semantics": lambda df, spark: df.sameSemantics(df.filter("a > 1")),
    "semantic hash": lambda df, spark: df.semanticHash(),
    "cache": lambda df, spark: df.cache(),
    "persist": lambda df, spark: df.persist(),
    "unpersist": lambda df, spark: df.unpersist(),
    "storage level": lambda df, spark: df.storageLevel,
    "is local": lambda df, spark: df.isLocal(),
    "is streaming": lambda df, spark: df.isStreaming,
    "version": lambda df, spark: spark.version,
    "conf get": lambda df, spark: spark.conf.get("spark.sql.session.timeZone"),
    "conf get default": lambda df, spark: spark.conf.get("spark.x", "y"),
    "conf modifiable": lambda df, spark: spark.conf.isModifiable("spark.sql.ansi.enabled"),
    "conf all": lambda df, spark: spark.conf.getAll,
    "ddl": lambda df, spark: spark._client._analyze(
        method="ddl_parse", ddl_string="a INT, b STRUCT<x: DOUBLE>"
    ),
    "json to ddl": lambda df, spark: spark._client._analyze(
        method="json_to_ddl", json_string=T.StructType([T.StructField("a", T.LongType())]).json()
    ),
}
