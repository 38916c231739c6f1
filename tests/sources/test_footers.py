"""What files say of themselves, and which of it is believed."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from engine.errors import DataError
from engine.sources import footers
from engine.sources.footers import FileFormat, Footer, Footers, arrow_batches, parquet_batches
from engine.sources.kinds import decodes

FAR = [dt.datetime(1, 1, 1), dt.datetime(1500, 2, 3), dt.datetime(9999, 12, 31, 23, 59, 59, 999999), None]
INSTANT = pa.timestamp("us", "UTC")
LEGACY = {"days": b"org.apache.spark.legacyDateTime", "instants": b"org.apache.spark.legacyINT96"}


def of(path: Path, file_format: FileFormat = "parquet") -> Footer:
    [footer] = Footers().read([path], file_format)
    return footer


@pytest.mark.parametrize("unit", ["us", "ns"])
def test_int96_is_an_instant_over_the_whole_range_at_whatever_depth(tmp_path, unit):
    far = pa.array(FAR, pa.timestamp("us"))
    times = far if unit == "us" else pa.array([0, 1, None, 2], pa.timestamp("ns"))
    path = tmp_path / "a.parquet"
    table = {
        "x": [1, 2, 3, 4],
        "s": pa.StructArray.from_arrays([pa.array(range(4)), times], ["n", "t"]),
        "l": pa.ListArray.from_arrays([0, 1, 2, 3, 4], times),
        "t": times,
        "m": pa.MapArray.from_arrays([0, 1, 2, 3, 4], pa.array(list("abcd")), times),
    }
    pq.write_table(pa.table(table), path, use_deprecated_int96_timestamps=True)
    footer = of(path)
    schema = footer.schema
    assert not footer.rebased
    assert schema.field("t").type == INSTANT
    assert schema.field("s").type.field("t").type == INSTANT
    assert schema.field("s").type.field("n").type == pa.int64()
    assert schema.field("l").type.value_type == INSTANT
    assert schema.field("m").type.item_type == INSTANT
    assert schema.field("x").type == pa.int64()
    if unit == "us":
        [batch] = parquet_batches(path, ["t"])
        assert batch.column(0).to_pylist() == FAR


def test_a_footer_is_kept_until_its_file_changes(tmp_path, monkeypatch):
    path, kept = tmp_path / "a.parquet", Footers()
    read = []
    monkeypatch.setattr(
        pq, "read_metadata", lambda file, real=pq.read_metadata: read.append(file) or real(file)
    )
    pq.write_table(pa.table({"a": [1]}), path)
    for _ in range(3):
        kept.read([path], "parquet")
    assert len(read) == 1
    pq.write_table(pa.table({"b": [1]}), tmp_path / "new.parquet")
    (tmp_path / "new.parquet").replace(path)
    [footer] = kept.read([path], "parquet")
    assert footer.schema.names == ["b"]
    assert len(read) == 2


def test_a_footer_is_read_anew_where_a_file_was_written_over_with_its_time_set_back(tmp_path):
    path, kept = tmp_path / "a.parquet", Footers()
    pq.write_table(pa.table({"a": [1]}), path)
    before = path.stat()
    assert kept.read([path], "parquet")[0].schema.names == ["a"]
    pq.write_table(pa.table({"b": [1]}), path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert kept.read([path], "parquet")[0].schema.names == ["b"]


def test_what_is_kept_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(footers, "_KEPT", 2)
    kept = Footers()
    for name in "abcd":
        pq.write_table(pa.table({name: [1]}), tmp_path / f"{name}.parquet")
        kept.read([tmp_path / f"{name}.parquet"], "parquet")
    assert len(kept._kept) <= 2
    assert len(kept._schemas) <= 3


def test_equal_schemas_are_one_object(tmp_path):
    for name in "abc":
        pq.write_table(pa.table({"x": [1.0]}), tmp_path / f"{name}.parquet")
    found = Footers().read(sorted(tmp_path.iterdir()), "parquet")
    assert len({id(footer.schema) for footer in found}) == 1


@pytest.mark.parametrize(
    ("keys", "values", "rebased"),
    [
        ([], dt.date(1500, 1, 1), False),
        (["days"], dt.date(1500, 1, 1), True),
        (["days"], dt.date(1582, 10, 15), False),
        (["days"], dt.datetime(1899, 12, 31), True),
        (["days"], dt.datetime(1900, 1, 1), False),
        (["instants"], dt.date(1500, 1, 1), False),
        (["days"], None, False),
        (["days"], 7, False),
        (["days"], "1500-01-01", False),
    ],
)
def test_the_old_calendar_is_known_by_its_keys_and_put_aside_by_statistics(tmp_path, keys, values, rebased):
    metadata = {LEGACY[key]: b"" for key in keys} | {b"org.apache.spark.version": b"3.5.0"}
    kind = pa.date32() if values is None else None
    table = pa.table({"x": [1, 2], "d": pa.array([values, None], kind)}).replace_schema_metadata(metadata)
    pq.write_table(table, tmp_path / "a.parquet")
    assert of(tmp_path / "a.parquet").rebased == (frozenset({"d"}) if rebased else frozenset())
    pq.write_table(table, tmp_path / "b.parquet", write_statistics=False)
    known = keys == ["days"] and not isinstance(values, int | str)
    assert of(tmp_path / "b.parquet").rebased == (frozenset({"d"}) if known else frozenset())


def test_int96_has_no_statistics_that_could_put_the_old_calendar_aside(tmp_path):
    table = pa.table(
        {"t": pa.array([dt.datetime(2024, 1, 1)], pa.timestamp("us")), "d": [dt.date(2024, 1, 1)]}
    )
    for name, key in (("a", LEGACY["instants"]), ("b", b"org.apache.spark.version")):
        path = tmp_path / f"{name}.parquet"
        keyed = table.replace_schema_metadata({key: b"2.4.8"})
        pq.write_table(keyed, path, use_deprecated_int96_timestamps=True)
        assert of(path).rebased == frozenset({"t"})
        assert of(path).early == frozenset({"t"})


TABLE = pa.table({"n": [1, 2, 3], "k": pa.array(["x", None, "x"]).dictionary_encode()})


def write_stream(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


@pytest.mark.parametrize(
    "write",
    [
        write_stream,
        lambda table, path: feather.write_feather(table, str(path)),
        lambda table, path: feather.write_feather(table, str(path), compression="uncompressed", chunksize=1),
    ],
    ids=["stream", "compressed", "plain"],
)
def test_arrow_files_and_streams_are_told_apart_by_what_they_are(tmp_path, write):
    path = tmp_path / "a.arrow"
    write(TABLE, path)
    schema = of(path, "arrow").schema
    assert schema.names == ["n", "k"]
    rows = [row for batch in arrow_batches(path) for row in batch.to_pylist()]
    assert rows == TABLE.to_pylist()


def test_batches_of_arrow_files_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(footers, "_BATCH_ROWS", 2)
    feather.write_feather(TABLE, str(tmp_path / "a.arrow"))
    assert [batch.num_rows for batch in arrow_batches(tmp_path / "a.arrow")] == [2, 1]


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.parquet", b"PAR1"), ("a.parquet", b""), ("a.arrow", b""), ("a.arrow", b"ARROW1\0\0")],
)
def test_a_broken_file_is_named(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=f"'{name}' cannot be read as"):
        of(tmp_path / name, name.partition(".")[2])


@pytest.mark.parametrize(
    ("values", "early"),
    [
        ([dt.date(1582, 10, 14), dt.date(2024, 1, 1)], True),
        ([dt.date(1582, 10, 15), None], False),
        ([dt.datetime(1582, 10, 14), dt.datetime(2024, 1, 1)], True),
        ([dt.datetime(2024, 1, 1)], False),
        ([-7], False),
    ],
)
def test_columns_with_days_before_the_calendars_agree_are_known(tmp_path, values, early):
    table = pa.table({"D": values})
    pq.write_table(table, tmp_path / "a.parquet")
    assert of(tmp_path / "a.parquet").early == (frozenset({"D"}) if early else frozenset())
    pq.write_table(table, tmp_path / "b.parquet", write_statistics=False)  # then any day may be there
    dated = not isinstance(values[0], int)
    assert of(tmp_path / "b.parquet").early == (frozenset({"D"}) if dated else frozenset())


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.date64()])
@pytest.mark.parametrize("end", ["first", "last"])
def test_days_that_python_has_no_word_for_may_be_early(tmp_path, kind, end):
    bits = 32 if kind == pa.date32() else 64
    far = 2 ** (bits - 1) - 1 if kind != pa.date64() else (2**31 - 1) * 86_400_000
    number = far if end == "last" else -far
    column = pa.array([number], pa.int32() if bits == 32 else pa.int64()).view(kind)
    pq.write_table(pa.table({"d": column}), tmp_path / "a.parquet")
    assert of(tmp_path / "a.parquet").early == frozenset({"d"})


def test_rows_that_are_lost_on_the_way_are_an_error(tmp_path: Path) -> None:
    """One version of pyarrow read no row of a list's page of one byte."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": [1, 2]}), path)
    [footer] = Footers().read([path], "parquet")
    assert footer.rows == 2
    assert sum(batch.num_rows for batch in parquet_batches(path, ["x"], 2)) == 2
    with pytest.raises(pa.ArrowInvalid, match="has 3 rows, but 2 were read"):
        list(parquet_batches(path, ["x"], 3))


@pytest.mark.parametrize(
    ("options", "codec"),
    [
        ({"use_dictionary": False, "column_encoding": {"x": "BYTE_STREAM_SPLIT"}}, "BYTE_STREAM_SPLIT"),
        ({"compression": "brotli"}, "BROTLI"),
        ({}, "SNAPPY"),
    ],
)
def test_a_footer_says_how_pages_are_written(tmp_path: Path, options: dict[str, Any], codec: str) -> None:
    pq.write_table(pa.table({"x": [1.0]}), tmp_path / "a.parquet", **options)
    [footer] = Footers().read([tmp_path / "a.parquet"], "parquet")
    assert codec in footer.codecs
    assert decodes("duckdb", footer.codecs)
    assert decodes("spark", footer.codecs) == (codec == "SNAPPY")
