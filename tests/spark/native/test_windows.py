"""Every line of the table of window functions, over hostile values, is what Spark gives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import Column, DataFrame
from pyspark.sql.connect import functions as F  # noqa: N812
from pyspark.sql.connect.window import Window

from engine.backends.base import BackendSession
from engine.backends.native.backend import NativeSpark
from engine.backends.spark.backend import LocalSpark
from engine.spark.native.functions.windows import WINDOWS
from engine.spark.native.tree import Line
from engine.spark.native.types import INTEGER, Decimal, SparkType
from tests.spark.native.agreement import assert_same, run
from tests.spark.native.conftest import Tables
from tests.spark.native.stand_ins import CountingSession
from tests.spark.native.values import arrow_array, values_of

_BY_ID = Window.partitionBy("part").orderBy("id")
_ROWS = _BY_ID.rowsBetween(-2, 1)
_CASES: dict[str, Callable[[], list[Column]]] = {
    "row_number": lambda: [F.row_number().over(_BY_ID)],
    "rank": lambda: [F.rank().over(Window.partitionBy("part").orderBy("a"))],
    "dense_rank": lambda: [F.dense_rank().over(Window.partitionBy("part").orderBy(F.desc("a")))],
    "percent_rank": lambda: [F.percent_rank().over(Window.partitionBy("part").orderBy("a"))],
    "cume_dist": lambda: [F.cume_dist().over(Window.partitionBy("part").orderBy("a"))],
    "nth_value": lambda: [F.nth_value("a", 2).over(_BY_ID)],
    "first": lambda: [F.first("a").over(_BY_ID)],
    "last": lambda: [F.last("a").over(_BY_ID)],
    "first_value": lambda: [F.first_value("a").over(_BY_ID)],
    "last_value": lambda: [F.last_value("a").over(_BY_ID)],
    "ntile": lambda: [F.ntile(4).over(_BY_ID)],
    "lag": lambda: [F.lag("a").over(_BY_ID), F.lag("a", 3).over(_BY_ID)],
    "lead": lambda: [F.lead("a", 2).over(_BY_ID)],
    **{
        name: lambda name=name: [  # type: ignore[misc]
            getattr(F, name)("a").over(window) for window in (Window.partitionBy("part"), _BY_ID, _ROWS)
        ]
        for name in ("count", "sum", "avg", "min", "max")
    },
}


def lines_by_type() -> dict[SparkType, set[str]]:
    """The names of the functions for each type; those without an argument, too."""
    found: dict[SparkType, set[str]] = defaultdict(set)
    for line in WINDOWS.values():
        found[line.takes[0] if line.takes and line.name != "ntile" else INTEGER].add(line.name)
    found[Decimal(12, 2)] = {"sum", "min", "max", "lag", "lead", "count"}
    return found


LINES = lines_by_type()


def test_every_line_has_a_case() -> None:
    lines: list[Line] = list(WINDOWS.values())
    assert {line.name for line in lines} == set(_CASES)
    assert sum(map(len, LINES.values())) == len(lines) + len(LINES[Decimal(12, 2)])


def table_of(kind: SparkType) -> pa.Table:
    """Hostile values in three parts, without those that are noise in sums of others."""
    values = [one for one in values_of(kind) if not isinstance(one, (int, float)) or not abs(one) > 1e10]
    # An extreme that is zero with both signs present is Spark's.
    values = [one for one in values if str(one) != "-0.0"]
    return pa.table(
        {
            "id": pa.array(range(len(values)), pa.int64()),
            "part": pa.array([place % 3 for place in range(len(values))], pa.int32()),
            "a": arrow_array(kind, values),
        }
    )


@pytest.mark.spark
@pytest.mark.slow
def test_windows_are_those_of_spark(
    native_dir: Path, native_backend: NativeSpark, spark_backend: LocalSpark
) -> None:
    native = CountingSession(native_backend)
    spark: BackendSession = spark_backend.open_session()
    for number, (kind, names) in enumerate(LINES.items()):
        folder = native_dir / f"windows{number}"
        folder.mkdir()
        tables = Tables(folder, table_of(kind))

        def build(df: DataFrame, names: set[str] = names) -> DataFrame:
            columns = [column for name in sorted(names) for column in _CASES[name]()]
            named = [column.alias(f"r{place}") for place, column in enumerate(columns)]
            return df.select("id", *named).orderBy("id")

        relation = tables.plan(build)
        before = native.answered[""]
        mine = run(native, relation)
        assert native.answered[""] == before + 1, (kind, native.answered)
        assert_same(mine, run(spark, relation))
    native.close()
    spark.close()
