"""Plans with group keys on real servers: the answer, split by key, is what each frame answers by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql.connect.functions import builtin as F  # noqa: N812
from pyspark.sql.connect.window import Window

from engine.backends.base import Backend
from engine.frames.not_fusable import NotFusable
from tests.spark.fusion.group_keys_cases import ORDERED, ROWS, TIED
from tests.spark.fusion.group_keys_support import SEGMENTS, Both, Query, chain_of
from tests.tiers import slow_one_in

pytestmark = pytest.mark.slow

CASES = {**ROWS, **ORDERED, **TIED}
ALL = range(len(SEGMENTS))

# Spark alone takes seconds for each: it answers these and every fourth, and frame by frame only for the two
# segments that are special. The split is that of all segments.
SHORT = ("select star of frame", "hidden column")
FEW = (SEGMENTS.index(None), SEGMENTS.index("gone"))


def _both(backend: Backend, folder: Path) -> Iterator[Both]:
    both = Both(backend, folder)
    yield both
    both.close()


@pytest.fixture(scope="module")
def native(native_backend: Backend, data_dir: Path) -> Iterator[Both]:
    yield from _both(native_backend, data_dir)


@pytest.fixture(scope="module")
def spark(spark_backend: Backend, data_dir: Path) -> Iterator[Both]:
    yield from _both(spark_backend, data_dir)


def check(both: Both, name: str, segments: Sequence[int]) -> None:
    chain = chain_of(both.offline, CASES[name])
    split = both.split(chain)
    assert (None in split) == (name in TIED)
    for segment in segments:
        own, got = both.direct(chain, segment), split[segment]
        if got is not None:
            assert (got if name in ORDERED else got.sorted()) == (own if name in ORDERED else own.sorted())


@pytest.mark.spark
@pytest.mark.parametrize("name", slow_one_in(3, CASES))
def test_natively(native: Both, name: str) -> None:
    check(native, name, ALL)


@pytest.mark.spark
@pytest.mark.parametrize("name", slow_one_in(4, CASES, quick=SHORT))
def test_on_spark(spark: Both, name: str) -> None:
    check(spark, name, FEW)


@pytest.mark.spark
@pytest.mark.parametrize("name", ["select aggregates", "group", "window ranks", "top", "unpivot rest"])
def test_without_keys_it_is_the_answer_over_all_rows(native: Both, name: str) -> None:
    chain = chain_of(native.offline, CASES[name])
    carried = native.carried(chain, keys=0)
    table = native.table(carried.relation)
    own = native.direct(chain, None)
    assert [column for column in table.column_names if column not in (carried.rank or ())] == own.names
    assert table.num_rows == len(own.rows)


# Steps that leave the columns id, n, y and s, and steps that need no more.
STEPS: list[Query] = [
    lambda df: df.filter(F.col("n") > 1),
    lambda df: df.filter("s IS NULL OR s <> 'p'"),
    lambda df: df.dropna(subset=["n"]),
    lambda df: df.fillna(3),
    lambda df: df.replace(2, 1),
    lambda df: df.withColumn("y", F.col("y") - F.col("n")),
    lambda df: df.withColumn("n", F.dense_rank().over(Window.partitionBy("s").orderBy("id"))),
    lambda df: df.withColumn("y", F.avg("n").over(Window.partitionBy("s"))),
    lambda df: df.select("*", F.lit("k").alias("k")).drop("k"),
    lambda df: df.select("s", "id", F.col("n") + 1, "y").toDF("s", "id", "n", "y"),
    lambda df: df.alias("t").select("t.id", "t.n", "y", F.upper("t.s").alias("s")),
    lambda df: df.select("id", "n", "y", "s").distinct(),
    lambda df: df.groupBy("s", "n").agg(F.max("id").alias("id"), F.sum("y").alias("y")),
    lambda df: df.agg(
        F.sum("n").alias("n"), F.count("*").alias("id"), F.avg("y").alias("y"), F.min("s").alias("s")
    ),
    lambda df: df.unpivot(["id", "s", "y"], ["n"], "what", "n"),
    lambda df: df.orderBy("s", F.desc("id")),
    lambda df: df.orderBy("id", "n", "y", "s").limit(2),
    lambda df: df.limit(1),
]


SOME = st.lists(st.sampled_from(STEPS), min_size=2, max_size=5)


@pytest.mark.spark
@settings(max_examples=4, deadline=None, derandomize=True, database=None)
@given(steps=SOME)
def test_a_few_steps(native: Both, steps: list[Query]) -> None:
    check_steps(native, steps)


@pytest.mark.spark
@settings(max_examples=30, deadline=None, derandomize=True, database=None)
@given(steps=SOME)
def test_any_steps(native: Both, steps: list[Query]) -> None:
    check_steps(native, steps)


def check_steps(native: Both, steps: list[Query]) -> None:
    chain = chain_of(native.offline, lambda df: reduce(lambda made, step: step(made), steps, df))
    try:
        split = native.split(chain)
    except NotFusable:
        return
    for segment in ALL:
        if (got := split[segment]) is not None:
            assert got.sorted() == native.direct(chain, segment).sorted()
