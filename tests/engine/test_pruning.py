"""Rows that statistics of Parquet files leave out, on Spark: fused and not, and by hand."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from engine import Dataset, Engine, SegmentGroup
from engine.backends.spark.backend import LocalSpark
from tests.servers import engine_on

pytestmark = [pytest.mark.spark, pytest.mark.slow]
NAN = math.nan
COUNT = "def calc_metric(df):\n    return df.count()\n"


def count_of(condition: str) -> str:
    return f"def calc_metric(df):\n    return df.filter({condition!r}).count()\n"


@pytest.fixture(scope="module")
def engine(spark_backend: LocalSpark, shared_options: dict[str, Any]) -> Iterator[Engine]:
    with engine_on(spark_backend, **shared_options) as made:
        yield made


@pytest.fixture(scope="module")
def folder(data_dir: Path) -> Path:
    """Two row groups and two files: NaN, zeros of both signs, days that the old calendar lacks, a struct."""
    made = data_dir / "pruning"
    made.mkdir(exist_ok=True)
    columns: list[dict[str, list[Any]]] = [
        {"x": [1.0, NAN], "g": ["a", "b"], "d": [dt.date(1582, 10, 10), dt.date(2024, 1, 1)]},
        {"x": [-0.0, 5.0], "g": ["a", "b"], "d": [dt.date(1582, 10, 4), dt.date(1582, 10, 15)]},
    ]
    for name in ("one", "two"):
        writer = None
        for part in columns:
            structs = pa.array([{"f": value} for value in part["x"]], pa.struct({"f": pa.float64()}))
            table = pa.table({**part, "y": pa.array(part["x"], pa.float32()), "s": structs})
            writer = writer or pq.ParquetWriter(made / f"{name}.parquet", table.schema)
            writer.write_table(table)
        assert writer is not None
        writer.close()
    return made


CONDITIONS = {
    "x > 2": 4,
    "x >= 5": 4,
    "x = double('NaN')": 2,
    "x = 0.0D": 2,
    "x < 0.5": 2,
    "y > 2": 4,
    "s.f > 2": 4,
    "d = DATE'1582-10-10'": 2,
    "d > DATE'1582-10-04'": 6,
    "d < DATE'1582-10-10'": 2,
    "g = 'b'": 4,
}


@pytest.mark.parametrize("fuse", [True, False])
def test_no_row_is_lost_to_statistics(engine: Engine, folder: Path, fuse: bool) -> None:
    terms = [SegmentGroup.where(f"t{number}", text) for number, text in enumerate(CONDITIONS)]
    run = engine.evaluate(COUNT, Dataset(folder), segments=terms, fuse=fuse)
    assert [result.value for result in run.results] == [8.0, *CONDITIONS.values()]
    for text in ("x > 2", "y > 2", "s.f > 2", "x = 0.0D"):
        run = engine.evaluate(count_of(text), Dataset(folder), fuse=fuse)
        assert run.results[0].value == CONDITIONS[text], text


LITERALS = """\
from pyspark.sql import functions as F
def calc_metric(df):
    row = df.filter("x = 2").first()
    return df.filter((F.col("d") == F.lit(row["d"])) & (F.col("t") == F.lit(row["t"]))).count()
"""


@pytest.mark.parametrize(
    ("kind", "fuse"), [("table", True), ("arrow", False), ("parquet", True), ("parquet", False)]
)
def test_days_that_a_calendar_lacks_are_days(engine: Engine, data_dir: Path, kind: str, fuse: bool) -> None:
    days = [dt.date(1582, 10, 4), dt.date(1582, 10, 10), dt.date(1582, 10, 15), dt.date(2024, 1, 1)]
    walls = [dt.datetime(day.year, day.month, day.day, 3) for day in days]
    instants = pa.array(walls, pa.timestamp("us", "UTC"))
    table = pa.table({"d": days, "t": instants, "w": pa.array(walls, pa.timestamp("us")), "x": [1, 2, 3, 4]})
    data: Any = table
    if kind != "table":
        data = data_dir / f"early-{fuse}.{kind}"
        (feather.write_feather if kind == "arrow" else pq.write_table)(table, data)
    groups: list[SegmentGroup] = [SegmentGroup.by_value(name) for name in "dtw"]
    edges = [dt.date(1582, 10, 1), dt.date(1582, 10, 6), dt.date(1582, 10, 12), dt.date(2025, 1, 1)]
    groups.append(SegmentGroup.by_buckets("d", edges))
    run = engine.evaluate(COUNT, Dataset(data), segments=groups, fuse=fuse)
    assert [(result.value, result.rows) for result in run.results] == [
        (4.0, 4), *[(1.0, 1)] * 12, (1.0, 1), (1.0, 1), (2.0, 2),
    ]  # fmt: skip
    assert engine.evaluate(LITERALS, Dataset(data), fuse=fuse).results[0].value == 1.0
