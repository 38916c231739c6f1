"""What files are together: columns by name, types, partitions, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from engine.errors import DataError
from engine.models.backends import Reader
from engine.sources.snapshot import FoundFile, Snapshot, describe_table, take_snapshot


def found(name: str, columns: Any, folders: Iterable[str] = (), rebased: Iterable[str] = ()) -> FoundFile:
    return FoundFile(Path("/data", *folders, name), tuple(folders), pa.schema(columns), frozenset(rebased))


def snap(*files: FoundFile, reader: Reader = "spark", copied: bool = False) -> Snapshot:
    return take_snapshot(files, reader, copied=copied)


def columns(snapshot: Snapshot) -> dict[str, pa.DataType]:
    return {column.name: column.type for column in (*snapshot.columns, *snapshot.partitions)}


A, B = (
    found("a.parquet", [("x", pa.float64())]),
    found("b.parquet", [("y", pa.string()), ("X", pa.float64())]),
)


def test_columns_are_united_by_name_whatever_their_case_and_order():
    snapshot = snap(A, B)
    assert columns(snapshot) == {"x": pa.float64(), "y": pa.string()}
    assert [file.in_place for file in snapshot.files] == [True, True]
    assert not snapshot.alike
    assert snap(A, A).alike


def test_a_file_that_has_another_type_is_converted_and_the_others_are_not():
    wide = found("c.parquet", [("x", pa.int64())])
    narrow = found("d.parquet", [("x", pa.int8())])
    nothing = found("e.parquet", [("x", pa.null())])
    for files in ([wide, narrow, nothing], [nothing, narrow, wide]):
        snapshot = snap(*files)
        assert columns(snapshot) == {"x": pa.int64()}
        assert [file.path.name for file in snapshot.files if file.in_place] == ["c.parquet"]


def test_nulls_alone_are_whole_numbers_in_place():
    snapshot = snap(found("a.parquet", [("x", pa.null())]), found("b.parquet", [("x", pa.null())]))
    assert columns(snapshot) == {"x": pa.int32()}
    assert all(file.in_place for file in snapshot.files)


def test_types_that_conflict_are_told_with_both_files():
    with pytest.raises(DataError) as caught:
        snap(A, found("b.parquet", [("y", pa.string())]), found("c.parquet", [("X", pa.string())]))
    for word in ("'X'", "double", "a.parquet", "string", "c.parquet"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("names", "words"),
    [(("x", "X"), "differ only by case"), (("x", "y", "x"), "two columns with the same name")],
)
def test_a_file_with_two_columns_of_one_name_is_refused(names, words):
    with pytest.raises(DataError, match=words):
        snap(A, found("b.parquet", [(name, pa.float64()) for name in names]))


@pytest.mark.parametrize("order", [1, -1])
def test_a_column_that_one_file_has_in_an_odd_type_is_left_out(order):
    odd = found("b.parquet", [("x", pa.float64()), ("T", pa.duration("ns"))])
    plain = found("a.parquet", [("x", pa.float64()), ("t", pa.duration("ns"))])
    snapshot = snap(*[plain, odd][::order])
    assert columns(snapshot) == {"x": pa.float64()}
    assert snapshot.left_out["t"].type == "duration[ns]"
    assert all(file.in_place for file in snapshot.files)


def test_all_files_of_a_format_that_no_backend_reads_are_converted():
    assert not any(file.in_place for file in snap(A, B, copied=True).files)


def test_the_old_calendar_is_left_to_the_backend_that_knows_it_and_reads_the_file_itself():
    old = found("a.parquet", [("d", pa.date32()), ("x", pa.float64())], rebased=["d"])
    assert columns(snap(old)) == {"d": pa.date32(), "x": pa.float64()}
    assert columns(snap(old, reader="duckdb")) == {"x": pa.float64()}
    odd = found("b.parquet", [("d", pa.date32()), ("x", pa.float32())])
    assert "d" in columns(snap(old, odd))
    converted = found("c.parquet", [("d", pa.date32()), ("x", pa.float32())], rebased=["d"])
    snapshot = snap(old, converted)
    assert "d" in snapshot.left_out
    assert "1582" in snapshot.left_out["d"].reason


def parted(*folders: str, columns: Any = None) -> list[FoundFile]:
    columns = columns or [("x", pa.float64())]
    return [found(f"{place}.parquet", columns, one.split("/")) for place, one in enumerate(folders)]


def test_partition_columns_have_the_type_of_all_their_values():
    snapshot = snap(*parted("day=2024-01-01/code=007", "day=2024-01-02/code=8"))
    assert columns(snapshot) == {"x": pa.float64(), "day": pa.date32(), "code": pa.string()}
    assert [file.values for file in snapshot.files] == [("2024-01-01", "007"), ("2024-01-02", "8")]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (parted("a=1", "b=1"), "lies in folders of a=, but .* b="),
        (parted("a=1", "a=1/b=2"), "lies in folders of"),
        (parted("a=1", "plain"), "no columns"),
        (parted("a="), "no value"),
        (parted("a=1/A=2"), "two folders"),
        (parted("X=1"), "in the files and in the names"),
        (parted("t=1", columns=[("T", pa.duration("s")), ("x", pa.int8())]), "in the files and in the names"),
    ],
)
def test_folders_that_do_not_fit_are_refused(files, words):
    with pytest.raises(DataError, match=words):
        snap(*files)


def test_folders_without_a_column_mean_nothing():
    assert columns(snap(*parted("raw/a=1", "raw/later/a=2"))) == {"x": pa.float64(), "a": pa.int32()}


def test_a_table_in_memory_keeps_to_the_same_rules():
    snapshot = describe_table(pa.schema([("a", pa.float16()), ("t", pa.time64("ns"))]), "the table", "spark")
    assert columns(snapshot) == {"a": pa.float32()}
    assert set(snapshot.left_out) == {"t"}
    with pytest.raises(DataError, match="the table has two columns with the same name"):
        describe_table(pa.schema([("a", pa.int8()), ("a", pa.int8())]), "the table", "spark")
