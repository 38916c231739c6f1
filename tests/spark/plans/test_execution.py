"""Bound plans on real servers: plan ids, aliases, views and spark.sql mean what they mean to an author."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812

from engine.backends.base import Backend
from engine.spark.plans.rebuild import rebuild
from tests.spark.plans.corpus import Call, chain
from tests.spark.plans.guest import Guest

pytestmark = pytest.mark.slow


def _guest(backend: Backend) -> Iterator[Guest]:
    session = backend.open_session()
    yield Guest(session)
    session.close()


@pytest.fixture
def native(native_backend: Backend, connect_mode: None) -> Iterator[Guest]:
    yield from _guest(native_backend)


@pytest.fixture
def spark(spark_backend: Backend, connect_mode: None) -> Iterator[Guest]:
    yield from _guest(spark_backend)


def _self_join(df: Any, spark: Any) -> Any:
    other = df.filter("a = 1").select(df["id"].alias("other_id"), df["a"])
    return (
        df.join(other, df["id"] == other["other_id"])
        .select(df["id"], other["a"])
        .agg(F.sum("id"), F.sum("a"))
    )


def _two_ids(df: Any, spark: Any) -> Any:
    small = df.groupBy("a").agg(F.max("id").alias("id"))
    return df.join(small, df["id"] == small["id"]).select(df["b"], small["a"]).orderBy(df["b"])


# name -> (query, values of the rows)
QUERIES: dict[str, tuple[Call, list[tuple[Any, ...]]]] = {
    "filter": (lambda df, spark: df.filter(df["a"] > 2).agg(F.count("*")), [(5,)]),
    "columns of df": (
        lambda df, spark: df.select(df["a"], df.b).filter(df["id"] == 3),
        [(3, 1.5)],
    ),
    "group": (
        lambda df, spark: df.groupBy(df["c"]).agg(F.sum(df["id"])).orderBy("c"),
        [("x", 90), ("y", 100)],
    ),
    "join ids": (_two_ids, [(8.0, 0), (8.5, 1), (9.0, 2), (9.5, 3)]),
    "self-join": (_self_join, [(45, 5)]),
    "aliases": (
        lambda df, spark: (
            df.alias("l")
            .join(df.alias("r"), F.col("l.id") == F.col("r.id") + 1)
            .agg(F.sum(F.col("l.id") - F.col("r.id")))
        ),
        [(19,)],
    ),
    "using": (
        lambda df, spark: (
            df.join(df.groupBy("c").agg(F.avg("b").alias("m")), "c")
            .groupBy("c")
            .agg(F.first("m"))
            .orderBy("c")
        ),
        [("x", 4.5), ("y", 5.0)],
    ),
    "union": (lambda df, spark: df.union(df.filter("a = 0")).agg(F.count("*")), [(25,)]),
    "window": (
        lambda df, spark: (
            df.withColumn("r", F.row_number().over(Window.partitionBy("a").orderBy(F.desc("id"))))
            .filter("r = 1")
            .select("id")
            .orderBy("id")
        ),
        [(16,), (17,), (18,), (19,)],
    ),
    "scalar subquery": (
        lambda df, spark: df.filter(df["b"] > df.agg(F.avg("b")).scalar()).agg(F.count("*")),
        [(10,)],
    ),
    "local data": (
        lambda df, spark: df.join(spark.createDataFrame([(1, "one")], "a INT, w STRING"), "a").agg(
            F.count("w")
        ),
        [(5,)],
    ),
    "lambda": (
        lambda df, spark: df.limit(1).select(F.transform(F.array(F.lit(1), F.lit(2)), lambda x: x * 2)),
        [([2, 4],)],
    ),
    "chain": (lambda df, spark: chain(df, 30).agg(F.sum("c29")), [(30 + 29 * 20,)]),
    "describe": (lambda df, spark: df.describe("id").filter("summary = 'max'"), [("max", "19")]),
    "added below a projection": (
        lambda df, spark: df.select("a").filter(df["id"] == 7),
        [(3,)],
    ),
}


def _values(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in rows]


@pytest.mark.spark
@pytest.mark.parametrize("name", QUERIES)
def test_query_natively(native: Guest, name: str) -> None:
    call, expected = QUERIES[name]
    assert _values(native.run(call)) == expected


@pytest.mark.spark
@pytest.mark.parametrize("name", QUERIES)
def test_query_on_spark(spark: Guest, name: str) -> None:
    call, expected = QUERIES[name]
    assert _values(spark.run(call)) == expected


def _check_views(guest: Guest) -> None:
    guest.view("Even", lambda df, spark: df.filter(df["id"] % 2 == 0))
    assert _values(guest.run(lambda df, spark: spark.table("EVEN").agg(F.count("*")))) == [(10,)]
    guest.view("even_small", lambda df, spark: spark.table("even").filter("id < 10"))
    guest.view("even", lambda df, spark: df.filter("id = 0"))
    assert _values(guest.run(lambda df, spark: spark.table("even_small").agg(F.count("*")))) == [(5,)]
    joined = guest.run(
        lambda df, spark: df.join(even := spark.table("even_small"), df["id"] == even["id"]).agg(
            F.sum(even["id"])
        )
    )
    assert _values(joined) == [(20,)]


def _check_sql(guest: Guest) -> None:
    guest.view("Scored", lambda df, spark: df.filter(df["id"] >= 10))
    ask: Callable[..., list[tuple[Any, ...]]] = lambda *args, **frames: _values(  # noqa: E731
        guest.rows(guest.sql(*args, **frames))
    )
    assert ask("SELECT count(*) FROM SCORED WHERE a = :a", {"a": 1}) == [(2,)]
    assert ask("SELECT count(*) FROM scored WHERE a = ? OR a = ?", [1, 2]) == [(5,)]
    assert ask("WITH scored AS (SELECT id FROM scored WHERE id > 17) SELECT id FROM scored ORDER BY id") == [
        (18,),
        (19,),
    ]
    assert ask("SELECT s.id FROM scored s JOIN scored r ON s.id = r.id + 1 ORDER BY s.id DESC LIMIT 1") == [
        (19,)
    ]
    text = "SELECT max({d}.id) AS m FROM {d}"
    assert ask(text, d=guest.offline.df.filter("id < 5")) == [(4,)]
    row = guest.rows(guest.sql("SELECT avg(b), count(*) FROM scored"))[0]
    assert set(row) == {"avg(b)", "count(1)"}


def _check_sql_over_sql(guest: Guest) -> None:
    """References of nested queries do not replace or drop each other's."""
    guest.view("v", lambda df, spark: df.filter("id < 3"))
    guest.views["w"] = rebuild(guest.sql("SELECT * FROM v WHERE id > 0"))
    for text in (
        "SELECT count(*) FROM v JOIN w ON v.id = w.id",
        "SELECT count(*) FROM w JOIN v ON v.id = w.id",
    ):
        assert _values(guest.rows(guest.sql(text))) == [(2,)]


@pytest.mark.spark
@pytest.mark.parametrize("check", [_check_views, _check_sql, _check_sql_over_sql])
def test_views_natively(native: Guest, check: Callable[[Guest], None]) -> None:
    check(native)


@pytest.mark.spark
@pytest.mark.parametrize("check", [_check_views, _check_sql, _check_sql_over_sql])
def test_views_on_spark(spark: Guest, check: Callable[[Guest], None]) -> None:
    check(spark)
