"""Files by whoever writes such files, with options at random."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import fastparquet
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather as feather
import pyarrow.parquet as pq
from pyarrow import types


@dataclass(frozen=True)
class Writer:
    """A writer of files.

    Attributes:
        keeps: whether it writes a column as what it is.
        write: writes a table of such columns. The last argument: whether times are instants.
    """

    keeps: Callable[[pa.ChunkedArray], bool]
    write: Callable[[Path, pa.Table, random.Random, bool], None]


def _write_pyarrow(path: Path, table: pa.Table, chance: random.Random, instants: bool) -> None:
    encodings: dict[str, Any] = {"use_dictionary": chance.random() < 0.5}
    int96 = instants and chance.random() < 0.4
    if not int96 and chance.random() < 0.3:
        chosen = {one.name: _encoding(one.type, chance) for one in table.schema}
        known = {name: encoding for name, encoding in chosen.items() if encoding}
        encodings = {"use_dictionary": False, "column_encoding": known or None}
    pq.write_table(
        table,
        path,
        **encodings,
        row_group_size=chance.choice((1, 2, 7, 1_000)),
        write_statistics=chance.random() < 0.7,
        compression=chance.choice(("none", "snappy", "gzip", "zstd", "lz4")),
        data_page_version=chance.choice(("1.0", "2.0")),
        data_page_size=chance.choice((64, 1 << 20)),
        dictionary_pagesize_limit=chance.choice((64, 1 << 20)),
        write_page_index=chance.random() < 0.5,
        write_page_checksum=chance.random() < 0.5,
        version=chance.choice(("1.0", "2.4", "2.6")),
        store_schema=chance.random() < 0.7,
        store_decimal_as_integer=chance.random() < 0.5,
        use_compliant_nested_type=chance.random() < 0.7,
        use_deprecated_int96_timestamps=int96,
    )


def _encoding(kind: pa.DataType, chance: random.Random) -> str | None:
    if types.is_integer(kind) or types.is_timestamp(kind) or types.is_date(kind):
        return chance.choice(("PLAIN", "DELTA_BINARY_PACKED"))
    if types.is_string(kind) or types.is_large_string(kind):
        return chance.choice(("PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"))
    if types.is_float32(kind) or types.is_float64(kind):
        return chance.choice(("PLAIN", "BYTE_STREAM_SPLIT"))
    return "RLE" if types.is_boolean(kind) else None


def _write_pandas(path: Path, table: pa.Table, chance: random.Random, instants: bool) -> None:
    """pyarrow's writer, by way of pandas' own types."""
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    _write_pyarrow(path, pa.Table.from_pandas(frame, preserve_index=False), chance, instants)


def _write_duckdb(path: Path, table: pa.Table, chance: random.Random, _instants: bool) -> None:
    options = [
        f"COMPRESSION {chance.choice(('uncompressed', 'snappy', 'gzip', 'zstd', 'lz4', 'brotli'))}",
        f"PARQUET_VERSION {chance.choice(('v1', 'v2'))}",
        f"DICTIONARY_SIZE_LIMIT {chance.choice((1, 100_000))}",
        "ROW_GROUP_SIZE 2048",
    ]
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.register("made", table)
        database.execute(f"COPY (SELECT * FROM made) TO '{path}' (FORMAT parquet, {', '.join(options)})")


def _write_polars(path: Path, table: pa.Table, chance: random.Random, _instants: bool) -> None:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    frame.write_parquet(
        path,
        compression=chance.choice(("uncompressed", "snappy", "gzip", "zstd", "lz4", "brotli")),
        statistics=chance.choice((True, False, "full")),
        row_group_size=chance.choice((1, 7, None)),
        data_page_size=chance.choice((64, None)),
    )


def _write_fastparquet(path: Path, table: pa.Table, chance: random.Random, instants: bool) -> None:
    frame = table.to_pandas(types_mapper=_nullable)
    # It takes every time for nanoseconds where it writes INT96.
    nanoseconds = all(one.type.unit == "ns" for one in table.schema if types.is_timestamp(one.type))
    fastparquet.write(
        str(path),
        frame,
        row_group_offsets=chance.choice(([0], list(range(0, max(len(frame), 1), 7)))),
        compression=chance.choice((None, "SNAPPY", "GZIP")),
        has_nulls=True,
        write_index=False,
        stats=chance.choice((True, False, "auto")),
        times="int96" if instants and nanoseconds and chance.random() < 0.5 else "int64",
    )


def _nullable(kind: pa.DataType) -> Any:
    """The type of pandas that knows null."""
    known: dict[pa.DataType, Any] = {
        pa.bool_(): pd.BooleanDtype(), pa.string(): pd.StringDtype(), pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype(),
        pa.uint8(): pd.UInt8Dtype(), pa.uint16(): pd.UInt16Dtype(), pa.uint32(): pd.UInt32Dtype(),
    }  # fmt: skip
    return known.get(kind)


def _write_arrow(path: Path, table: pa.Table, chance: random.Random, _instants: bool) -> None:
    kind = chance.choice(("file", "stream", "feather"))
    if kind == "feather":
        feather.write_feather(table, str(path), compression=chance.choice(("uncompressed", "lz4", "zstd")))
        return
    new = pa.ipc.new_file if kind == "file" else pa.ipc.new_stream
    with pa.OSFile(str(path), "wb") as sink, new(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=chance.choice((1, 7, 1_000)))


def _has(kind: pa.DataType, wanted: Callable[[pa.DataType], bool]) -> bool:
    """Whether a type, or a part of it, is one of those."""
    parts = [kind.field(place).type for place in range(kind.num_fields)]
    return wanted(kind) or any(_has(part, wanted) for part in parts)


def _anything(_column: pa.ChunkedArray) -> bool:
    return True


def _no_times(column: pa.ChunkedArray) -> bool:
    return not _has(column.type, types.is_timestamp)


def _duckdbs(column: pa.ChunkedArray) -> bool:
    def other(kind: pa.DataType) -> bool:
        return any(
            is_kind(kind)
            for is_kind in (types.is_null, types.is_duration, types.is_decimal256, types.is_float16)
        )

    return not _has(column.type, other)


def _polars(column: pa.ChunkedArray) -> bool:
    """It has no maps, and makes a milliseconds' timestamp of a date64."""

    def other(kind: pa.DataType) -> bool:
        return any(test(kind) for test in (types.is_null, types.is_map, types.is_decimal256, types.is_date64))

    return not _has(column.type, other)


def _fastparquets(column: pa.ChunkedArray) -> bool:
    """It has one thing for null and NaN of floats; what is not plain it writes as JSON or something else."""
    kind = column.type
    if types.is_float32(kind) or types.is_float64(kind):
        return not pc.any(pc.is_null(column, nan_is_null=True)).as_py()
    return _nullable(kind) is not None or (types.is_timestamp(kind) and kind.unit != "s")


PYARROW: Final = Writer(_anything, _write_pyarrow)
ARROW: Final = Writer(_anything, _write_arrow)
PARQUET: Final = (
    PYARROW,
    PYARROW,
    Writer(_no_times, _write_pandas),
    Writer(_duckdbs, _write_duckdb),
    Writer(_polars, _write_polars),
    Writer(_fastparquets, _write_fastparquet),
)
