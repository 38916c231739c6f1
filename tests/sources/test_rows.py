"""The rows of odd files and folders, the same on every backend that the engine starts. Expected by hand."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from engine.errors import DataError
from engine.sources.source import ResolvedSource
from tests.sources.conftest import RowBatch

Read = Callable[[Any], RowBatch]
Resolve = Callable[..., ResolvedSource]


def write(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, **options)
    return path


def values(rows: RowBatch, name: str) -> list[Any]:
    return [row[name] for row in rows]


def naive(value: dt.datetime) -> dt.datetime:
    return value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value


@pytest.mark.parametrize("unit", ["us", "ns"])
def test_files_are_united_by_name(read: Read, folder: Path, unit: str) -> None:
    ts = pa.array([0], pa.timestamp(unit, "UTC"))
    write(folder / "a.parquet", {"ts": ts, "X": [1.0], "n": pa.nulls(1), "small": pa.array([1], pa.int8())})
    write(folder / "b.parquet", {"n": ["x"], "y": [5], "small": pa.array([2**40]), "x": [2.0], "ts": ts})
    write(
        folder / "c.parquet", {"ts": ts, "x": pa.array([0.5], pa.float32()), "y": pa.array([7], pa.int32())}
    )
    rows = read(folder)
    assert sorted(row["x"] for row in rows) == [0.5, 1.0, 2.0]
    assert {row["x"]: (row["n"], row["y"], row["small"]) for row in rows} == {
        1.0: (None, None, 1), 2.0: ("x", 5, 2**40), 0.5: (None, 7, None),
    }  # fmt: skip
    assert {naive(row["ts"]) for row in rows} == {dt.datetime(1970, 1, 1)}


@pytest.mark.parametrize("unit", ["us", "ns"])
def test_values_of_folders_are_typed_by_how_they_are_written(read: Read, folder: Path, unit: str) -> None:
    ts = pa.array([0], pa.timestamp(unit))
    null = "__HIVE_DEFAULT_PARTITION__"
    names = ("2024-01-01/code=007/n=-1", f"{null}/code=a%20b%2Fü[x]/n=2", "2024-02-29/code=8/n=0")
    for place, name in enumerate(f"day={name}" for name in names):
        write(folder / name / "a.parquet", {"ts": ts, "x": [place]})
    rows = sorted(read(folder), key=lambda row: int(row["x"]))
    assert values(rows, "day") == [dt.date(2024, 1, 1), None, dt.date(2024, 2, 29)]
    assert values(rows, "code") == ["007", "a b/ü[x]", "8"]
    assert values(rows, "n") == [-1, 2, 0]
    assert list(rows[0])[-3:] == ["day", "code", "n"]
    assert "code" not in read(folder / "day=2024-01-01" / "code=007" / "n=-1" / "a.parquet")[0]


def test_odd_names_of_folders_columns_and_files(read: Read, folder: Path) -> None:
    write(folder / "_k=1" / "we=ird [x]*.parquet", {"x": [1]})
    write(folder / "_k=2" / "b{1}.parquet", {"x": [2]})
    write(folder / "_k=2" / "_hidden.parquet", {"x": [3]})
    assert [(row["x"], row["_k"]) for row in read(folder)] == [(1, 1), (2, 2)]


def test_many_files_are_all_read(read: Read, folder: Path) -> None:
    for number in range(40):
        write(folder / f"{number}.parquet", {"x": [number], f"c{number % 3}": [number]})
    rows = read(folder)
    assert sorted(values(rows, "x")) == list(range(40))
    assert sum(row["c1"] or 0 for row in rows) == sum(range(1, 40, 3))


LAST = dt.datetime(9999, 12, 31, 23, 59, 59, 999999)
FAR = [dt.datetime(1, 1, 1), dt.datetime(1500, 1, 1), dt.datetime(2024, 1, 1), LAST]


@pytest.mark.parametrize("beside", [None, "ns"])
def test_int96_is_right_over_its_whole_range(read: Read, folder: Path, beside: str | None) -> None:
    far = pa.array(FAR, pa.timestamp("us"))
    columns = {"t": far, "s": pa.StructArray.from_arrays([far], ["t"]), "n": range(4)}
    write(folder / "a.parquet", columns, use_deprecated_int96_timestamps=True)
    if beside:
        write(
            folder / "b.parquet",
            {"n": pa.array([9], pa.int8()), "t": pa.array([0], pa.timestamp("ns", "UTC"))},
        )
    rows = sorted(read(folder), key=lambda row: int(row["n"]))[:4]
    assert [naive(value) for value in values(rows, "t")] == FAR


def test_nanoseconds_are_cut_towards_the_past_wherever_they_are(read: Read, folder: Path) -> None:
    times = pa.array([-1, 1999, None], pa.timestamp("ns"))
    nested = pa.StructArray.from_arrays([times, pa.ListArray.from_arrays([0, 1, 2, 3], times)], ["t", "l"])
    write(folder / "a.parquet", {"n": [0, 1, 2]})
    write(folder / "b.parquet", {"n": [3, 4, 5], "t": times, "s": nested})
    rows = sorted(read(folder), key=lambda row: int(row["n"]))
    before = dt.datetime(1969, 12, 31, 23, 59, 59, 999999)
    assert values(rows, "t") == [None, None, None, before, dt.datetime(1970, 1, 1, 0, 0, 0, 1), None]
    inner = rows[3]["s"]
    shown = json.dumps(inner, default=str) if isinstance(inner, dict) else inner
    assert shown.count("1969-12-31 23:59:59.999999") == 2


ODD: dict[str, tuple[pa.Array, Any]] = {
    "float16": (pa.array(np.array([1.5, -0.25], np.float16)), [1.5, -0.25]),
    "uuid": (pa.array([b"\0" * 15 + b"\5", None], pa.uuid()), ["00000000-0000-0000-0000-000000000005", None]),
    "u64": (pa.array([2**64 - 1, None], pa.uint64()), [2**64 - 1, None]),
    "u32": (pa.array([2**32 - 1, None], pa.uint32()), [2**32 - 1, None]),
    "date64": (pa.array([0, None], pa.date64()), [dt.date(1970, 1, 1), None]),
    "category": (pa.array([7, None]).dictionary_encode(), [7, None]),
    "seconds": (pa.array([1, None], pa.timestamp("s")), [dt.datetime(1970, 1, 1, 0, 0, 1), None]),
    "fixed": (pa.array([b"ab", None], pa.binary(2)), [b"ab", None]),
    "decimal": (pa.array([Decimal("1.50"), None], pa.decimal256(38, 2)), [Decimal("1.50"), None]),
    "view": (pa.array(["x", None], pa.string_view()), ["x", None]),
    "nothing": (pa.nulls(2), [None, None]),
    "nan": (pa.array([math.nan, -0.0]), [math.nan, -0.0]),
}


@pytest.mark.parametrize("kind", ["file", "two files", "arrow", "table"])
def test_odd_types_are_read_exactly(read: Read, folder: Path, kind: str) -> None:
    table = pa.table({"n": [0, 1], **{name: column for name, (column, _) in ODD.items()}})
    source: Any = table
    if kind == "arrow":
        source = folder / "a.arrow"
        feather.write_feather(table, str(source))
    elif kind != "table":
        source = folder / "a.parquet"
        pq.write_table(table, source)
        if kind == "two files":
            write(folder / "b.parquet", {"n": pa.array([2], pa.int8())})
            source = folder
    rows = sorted(read(source), key=lambda row: int(row["n"]))[:2]
    for name, (_, expected) in ODD.items():
        np.testing.assert_equal(values(rows, name), expected, err_msg=name)


UNREADABLE = {
    "duration": pa.array([10**9], pa.duration("ns")),
    "long decimal": pa.array([Decimal("1.5")], pa.decimal256(50, 2)),
    "list of durations": pa.array([[1]], pa.list_(pa.duration("s"))),
}


@pytest.mark.parametrize("kind", ["file", "beside another", "table"])
def test_what_cannot_be_read_is_left_out_and_the_rest_is_read(
    read: Read, resolve: Resolve, folder: Path, kind: str
) -> None:
    table = pa.table({"x": [2.0], **UNREADABLE})
    source: Any = table if kind == "table" else folder
    if kind != "table":
        pq.write_table(table, folder / "a.parquet")
    if kind == "beside another":
        write(folder / "b.parquet", {"x": pa.array([1.0], pa.float32()), "duration": ["text"]})
    rows = read(source)
    assert all(list(row) == ["x"] for row in rows)
    assert values(rows, "x")[-1] == 2.0
    left_out = resolve(source).left_out
    assert set(left_out) == set(UNREADABLE)
    assert left_out["duration"].type == "duration[ns]"


def write_stream(path: Path, table: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def test_arrow_files_and_streams_are_united_by_name(read: Read, folder: Path) -> None:
    feather.write_feather(pa.table({"x": pa.array([1], pa.int32()), "g": ["a"]}), str(folder / "0.feather"))
    other = pa.table({"G": pa.array(["b"]).dictionary_encode(), "y": [True], "x": [2**40]})
    feather.write_feather(other, str(folder / "1.feather"), compression="uncompressed")
    write_stream(folder / "2.arrow", pa.table({"x": pa.nulls(1), "t": pa.array([-1], pa.timestamp("ns"))}))
    rows = read(folder)
    assert {(row["x"], row["g"], row["y"]) for row in rows} == {
        (1, "a", None), (2**40, "b", True), (None, None, None),
    }  # fmt: skip


def test_arrow_files_whose_types_would_be_cut_are_refused(resolve: Resolve, folder: Path) -> None:
    feather.write_feather(pa.table({"x": [1]}), str(folder / "0.feather"))
    feather.write_feather(pa.table({"x": [2.5]}), str(folder / "1.feather"))
    with pytest.raises(
        DataError, match=r"'x' is of type int64 in '0.feather', but of type double in '1.feather'"
    ):
        resolve(folder)


def test_pandas_writes_and_every_backend_reads(read: Read, folder: Path) -> None:
    frame = pd.DataFrame(
        {
            "t": pd.to_datetime(["1677-09-22", "2262-04-11"]),
            "k": pd.Categorical(["b", None]),
            "c": pd.Categorical([3, 4]),
            "i": pd.array([1, None], "Int64"),
            "n": [1, 2],
        }
    )
    frame.to_parquet(folder / "a.parquet")
    rows = sorted(read(folder), key=lambda row: int(row["n"]))
    assert values(rows, "t") == [dt.datetime(1677, 9, 22), dt.datetime(2262, 4, 11)]
    assert (values(rows, "k"), values(rows, "c"), values(rows, "i")) == (["b", None], [3, 4], [1, None])
    assert len(read(frame)) == 2


def test_a_value_out_of_range_leaves_its_column_out(read: Read, resolve: Resolve, folder: Path) -> None:
    table = pa.table({"x": [1], "t": pa.array([2**60], pa.timestamp("s"))})
    feather.write_feather(table, str(folder / "a.arrow"))
    assert read(folder) == [{"x": 1}]
    assert "does not fit" in resolve(folder).left_out["t"].reason


def test_a_time_of_day_is_read_where_there_is_such_a_type(resolve: Resolve, folder: Path) -> None:
    write(folder / "a.parquet", {"x": [1], "t": pa.array([1], pa.time64("us"))})
    assert set(resolve(folder, "spark").left_out) == {"t"}
    assert not resolve(folder, "duckdb").left_out


def test_copies_have_no_statistics_of_floats(resolve: Resolve) -> None:
    """Readers differ in what they make of bounds that leave NaN out."""
    table = pa.table({"x": [1.0, math.nan], "s": [{"f": 1.0, "n": 1}] * 2, "l": [[1.0]] * 2, "n": [1, 2]})
    [path] = resolve(table).relation.read.data_source.paths
    row_group = pq.read_metadata(path).row_group(0)
    told = {row_group.column(i).path_in_schema: row_group.column(i).statistics is not None for i in range(5)}
    assert told == {"x": False, "s.f": False, "s.n": True, "l.list.element": False, "n": True}


def test_regular_files_are_read_where_they_are(resolve: Resolve, folder: Path) -> None:
    for name in "ab":
        write(folder / f"{name}.parquet", {"x": [1.0], "t": pa.array([0], pa.timestamp("ms"))})
    paths = list(resolve(folder).relation.read.data_source.paths)
    assert paths == [str(folder / "a.parquet"), str(folder / "b.parquet")]


def test_files_that_come_later_do_not_belong(resolve: Resolve, folder: Path) -> None:
    for number in range(40):
        write(folder / f"{number}.parquet", {"x": [1.0]})
    source = resolve(folder)
    write(folder / "later.parquet", {"x": [1.0]})
    [laid_out] = source.relation.read.data_source.paths
    assert len(list(Path(laid_out).iterdir())) == 40


@pytest.mark.parametrize(
    "options",
    [
        {"use_dictionary": False, "column_encoding": {"x": "BYTE_STREAM_SPLIT"}},
        {"compression": "brotli"},
        {"compression": "lz4"},
        {"use_dictionary": False, "column_encoding": {"n": "DELTA_BINARY_PACKED", "s": "DELTA_BYTE_ARRAY"}},
    ],
)
def test_encodings_that_a_backend_lacks_are_read_all_the_same(
    read: Read, folder: Path, options: dict[str, Any]
) -> None:
    write(folder / "a.parquet", {"x": [1.5, math.nan], "n": [1, 2], "s": ["a", None]}, **options)
    np.testing.assert_equal(
        sorted(read(folder), key=lambda row: int(row["n"])),
        [{"x": 1.5, "n": 1, "s": "a"}, {"x": math.nan, "n": 2, "s": None}],
    )


def test_a_file_without_columns_has_rows_of_nulls(read: Read, folder: Path) -> None:
    write(folder / "a.parquet", {"x": [1]})
    pq.write_table(pa.table({}), folder / "b.parquet")
    pq.write_table(pa.table({"x": [2]}).select([]), folder / "c.parquet")
    assert [row["x"] for row in read(folder) if row["x"] is not None] == [1]
