"""Numbers that DuckDB would get wrong by itself: NaN in statistics, narrow whole numbers, the time now."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import Dataset, Engine, SegmentGroup

NAN = math.nan


def metric(expression: str) -> str:
    return (
        "from snowflake.snowpark import functions as F\nimport pandas as pd\n"
        f"def calc_metric(df):\n    return float({expression})\n"
    )


def aggregate(expression: str) -> str:
    return metric(f"df.agg({expression}).collect()[0][0]")


def value(engine: Engine, source: str, data: Any, frame: int = 0, **options: Any) -> float:
    result = engine.evaluate(source, Dataset(data), **options).results[frame]
    assert result.error is None, result.error
    return result.value


FLOATS = {
    "max('X')": 3.0,
    "min('X')": 1.0,
    "max('X') - F.min('X')": 2.0,
    "median('X')": 2.0,
}


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()])
@pytest.mark.parametrize("expression", FLOATS)
def test_no_statistics_make_nan_of_numbers(snow_engine: Engine, expression: str, kind: pa.DataType) -> None:
    data = pa.table({"x": pa.array([1.0, 2.0, 3.0], kind)})
    assert value(snow_engine, aggregate(f"F.{expression}"), data) == FLOATS[expression]
    assert value(snow_engine, aggregate(f"F.{expression}"), data.to_pandas()) == FLOATS[expression]


@pytest.mark.parametrize("fuse", [True, False])
def test_row_groups_and_files_of_one_kind_of_rows(snow_engine: Engine, data_dir: Path, fuse: bool) -> None:
    folder = data_dir / f"groups-{fuse}"
    folder.mkdir()
    for number, group in enumerate("ab"):
        with pq.ParquetWriter(
            folder / f"{group}.parquet", pa.schema({"x": pa.float64(), "g": pa.string()})
        ) as w:
            for low in (1.0, 3.0):
                w.write_table(pa.table({"x": [low + number, NAN if number else low], "g": [group, group]}))
    options: dict[str, Any] = {"fuse": fuse, "segments": [SegmentGroup.by_value("g")]}
    found = [value(snow_engine, aggregate("F.max('X')"), folder, 1, **options)]
    found.append(value(snow_engine, metric("df.filter(F.col('X') > 3).count()"), folder, 2, **options))
    assert found == [3.0, 3.0]  # 4 and two NaN, which is the largest number


NARROW = {
    "F.max(F.col('A') + F.col('A'))": 240.0,
    "F.max(F.col('B') * F.col('B'))": 900_060_001.0,
    "F.max(F.col('C') * F.lit(4))": 8e9,
    "F.min(F.col('U') - F.col('U') * 2)": -250.0,
    "F.max(F.col('W') * 2)": 2.0**64 + 10,
    "F.max(F.sql_expr('100000 * 100000'))": 1e10,
    "F.max(-F.col('A') * -128)": 15_360.0,
}


@pytest.mark.parametrize("expression", NARROW)
def test_whole_numbers_of_every_width_are_numbers_of_38_digits(snow_engine: Engine, expression: str) -> None:
    data = pa.table(
        {
            "a": pa.array([120, 100], pa.int8()),
            "b": pa.array([30_000, 30_001], pa.int16()),
            "c": pa.array([2_000_000_000, 3], pa.int32()),
            "u": pa.array([200, 250], pa.uint8()),
            "w": pa.array([2**63 + 5, 1], pa.uint64()),
        }
    )
    assert value(snow_engine, aggregate(expression), data) == NARROW[expression]


TIMES = {
    "df.agg(F.max(F.year(F.current_timestamp()))).collect()[0][0]": 2019.0,
    "df.agg(F.max(F.dayofmonth(F.current_date()))).collect()[0][0]": 31.0,
    "df.agg(F.max(F.sql_expr('year(sysdate())'))).collect()[0][0]": 2019.0,
    "pd.Timestamp.now().year": 2019.0,
    "pd.Timestamp.today().day": 31.0,
    "pd.Timestamp.now('Asia/Tokyo').day": 1.0,
    "pd.Timestamp.utcnow().hour": 23.0,
    "pd.Period.now('D').day": 31.0,
    "pd.Timestamp('2020-01-01').to_pydatetime().now().year": 2019.0,
    "pd.Timestamp('2020-01-01').date().today().year": 2019.0,
}


@pytest.mark.parametrize("expression", TIMES)
def test_clocks_tell_the_runs_time_or_are_refused(snow_engine: Engine, expression: str) -> None:
    data = pd.DataFrame({"x": [1]})
    told = value(snow_engine, metric(expression), data, as_of="2019-03-31T23:30:00Z")
    assert told == TIMES[expression]
    (result,) = snow_engine.evaluate(metric(expression), Dataset(data)).results
    assert result.status == "refused"
    assert result.error is not None
    assert "as_of" in (result.error.hint or "")
