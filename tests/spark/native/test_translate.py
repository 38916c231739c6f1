"""Plans to DuckDB's SQL: what is answered natively, what is left to Spark, and that nothing is in between."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest
from pyspark.sql.connect import functions as F  # noqa: N812

from engine.backends.native.files import scan_of
from engine.spark.native.translate import Query, judged, translate
from engine.spark.native.unproven import Unproven
from tests.spark.native import plans
from tests.spark.native.conftest import Build, Tables
from tests.spark.native.plans import NATIVE, QUERIES, SPARKS


def ask(database: duckdb.DuckDBPyConnection, relation: pb.Relation) -> pa.Table:
    """A native answer."""
    query: Query = translate(relation, scan_of)
    for guard in query.guards:
        if database.sql(guard).fetchall() != [(False,)]:
            raise Unproven("a guard")
    return judged(query, database.sql(query.sql).to_arrow_table(), partitions=2)


@pytest.mark.parametrize("name", NATIVE)
def test_what_is_proven_is_answered(name: str, hostile: Tables, database: duckdb.DuckDBPyConnection) -> None:
    relation = hostile.plan(NATIVE[name])
    table = ask(database, relation)
    fields = translate(relation, scan_of).schema.struct.fields
    assert table.column_names == [field.name for field in fields]


@pytest.mark.parametrize("name", QUERIES)
def test_queries_are_answered(name: str, hostile: Tables, database: duckdb.DuckDBPyConnection) -> None:
    relation = hostile.query(*QUERIES[name])
    table = ask(database, relation)
    assert table.column_names == [field.name for field in translate(relation, scan_of).schema.struct.fields]


@pytest.mark.parametrize(
    "text",
    [
        "select k, count(*) as n from t group by k having n > 1",
        "select k, count(*) as n from t group by 1 order by k",
        "select k from t where i > (select max(i) from t)",
        "select k from t where i in (select i from t)",
        "select count(*) as n from t full outer join t b on t.id = b.id",
        "select k from t order by 1",
        "select count(*) as n from t tablesample (10 rows)",
        "select k, id from t lateral view explode(xs) e as x",
        "select count(*) as n from t where y > :missing",
    ],
)
def test_queries_that_are_not_known_are_spark_s(text: str, hostile: Tables) -> None:
    with pytest.raises(Unproven):
        translate(hostile.query(text, {}), scan_of)


@pytest.mark.parametrize("name", SPARKS)
def test_what_is_not_is_spark_s(name: str, edges: Tables, database: duckdb.DuckDBPyConnection) -> None:
    relation = edges.plan(SPARKS[name])
    with pytest.raises((Unproven, duckdb.Error)):
        ask(database, relation)


def answer(hostile: Tables, database: duckdb.DuckDBPyConnection, build: Build) -> list[object]:
    return [list(row.values()) for row in ask(database, hostile.plan(build)).to_pylist()]


def test_nan_is_larger_than_anything_whatever_statistics_say(
    hostile: Tables, database: duckdb.DuckDBPyConnection
) -> None:
    assert answer(hostile, database, NATIVE["larger than anything"]) == [[12, 39]]


def test_the_average_of_whole_numbers_is_of_doubles(
    hostile: Tables, database: duckdb.DuckDBPyConnection
) -> None:
    rows = answer(hostile, database, lambda df: df.filter(F.abs("big") > 1000).agg(F.avg("big").alias("m")))
    assert rows == [[0.0]]


def test_the_sql_holds_no_names_of_authors(hostile: Tables) -> None:
    relation = hostile.plan(
        lambda df: df.withColumn("secret'; DROP", F.lit("it's")).groupBy("secret'; DROP").agg(F.max("id"))
    )
    sql = translate(relation, scan_of).sql
    assert "secret" not in sql
    assert "'it''s'" in sql


def test_names_may_have_points_and_back_ticks(odd_names: Tables, database: duckdb.DuckDBPyConnection) -> None:
    table = ask(database, odd_names.plan(plans.odd_names))
    assert table.column_names == ["x.y", "`", "m", "c", "q"]
    assert table.column("`").to_pylist() == [-2.0]


def test_a_column_that_is_called_as_a_field_is_spark_s(odd_names: Tables) -> None:
    relation = odd_names.plan(lambda df: df.agg(F.max("`d.e`")))
    with pytest.raises(Unproven, match=r"max\(a nested or unusual type\)"):
        translate(relation, scan_of)


def test_a_filter_that_may_raise_is_asked_of_all_its_rows(hostile: Tables) -> None:
    relation = hostile.plan(lambda df: df.filter(F.col("i") + 1 > 2).agg(F.count("*").alias("n")))
    assert len(translate(relation, scan_of).guards) == 1


def test_only_the_branch_that_is_taken_is_guarded(
    hostile: Tables, database: duckdb.DuckDBPyConnection
) -> None:
    def guarded(df):
        return df.agg(F.count(F.when(F.col("i") != 0, F.col("y") / F.col("i"))).alias("n"))

    def bare(df):
        return df.agg(F.count(F.col("y") / F.col("i")).alias("n"))

    assert answer(hostile, database, guarded) == [[28]]
    with pytest.raises(Unproven):
        answer(hostile, database, bare)


@pytest.mark.parametrize(
    "build",
    [
        lambda df: df.filter("i = 'x'"),
        lambda df: df.selectExpr("try_cast(s AS int) AS n"),
        lambda df: df.selectExpr("i -- a comment\n"),
        lambda df: df.selectExpr("s = 'a\\\\'"),
        lambda df: df.selectExpr("missing"),
        lambda df: df.select("*", F.explode("xs")),
        lambda df: df.select(F.explode("mp")),
        lambda df: df.groupBy("k").agg(F.array_join(F.collect_set("s"), "-")).orderBy("k"),
        lambda df: df.agg(F.collect_set("s")),
        lambda df: df.select(F.map_keys("mp")),
        lambda df: df.agg(F.max("st")),
        lambda df: df.sample(0.5, seed=1),
        lambda df: df.join(df, df["id"] == df["id"]),
        lambda df: df.withColumn("x", F.lit(1)).select(df["x"]),
        lambda df: df.agg(F.first("x")),
        lambda df: df.groupBy("xs").agg(F.count("*")).orderBy("count(1)"),
        lambda df: df.filter(F.col("x").isin([float(number) for number in range(20)])),
    ],
)
def test_what_is_not_known_is_spark_s(hostile: Tables, build: Build) -> None:
    relation = hostile.plan(build)
    with pytest.raises(Unproven):
        translate(relation, scan_of)
