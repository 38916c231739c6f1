"""What files say of themselves: the columns of Parquet and Arrow files. An adapter: it decides nothing.

All files of a dataset are looked at, some at a time. What was read is kept for as long as a file stays as it
is, so that the next run over the same files opens none of them.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
from pyarrow import types

from engine.errors import DataError
from engine.file_state import FileState, look_at_file
from engine.models.days import FIRST_ALIKE, day_number
from engine.parquet import days_of

FileFormat = Literal["parquet", "arrow"]

_THREADS: Final = 8
_KEPT: Final = 50_000
_BATCH_ROWS: Final = 1 << 17
_READ_AHEAD: Final = 4  # batches; more would hold more of a large file in memory
# Spark counts days from this one on alike in both of its calendars; instants only from a later one.
_FIRST_DAY: Final = day_number(dt.date(1582, 10, 15))
_LAST_DAY: Final = day_number(dt.date.max)


@dataclass(frozen=True, slots=True)
class Footer:
    """What a file says of itself.

    Attributes:
        schema: its columns; INT96 is a timestamp in microseconds and UTC.
        rebased: columns whose values may be counted in another calendar.
        early: columns of a Parquet file that may hold days or instants from before the calendars agree.
        codecs: the encodings and compressions of a Parquet file, in Parquet's words.
        rows: how many rows a Parquet file has; None if it does not say.
    """

    schema: pa.Schema
    rebased: frozenset[str] = frozenset()
    early: frozenset[str] = frozenset()
    codecs: frozenset[str] = frozenset()
    rows: int | None = None


class Footers:
    """Reads footers, and keeps them. Thread-safe."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Path, FileState], Footer] = OrderedDict()
        self._schemas: dict[bytes, pa.Schema] = {}
        self._lock = threading.Lock()

    def read(self, files: Sequence[Path], file_format: FileFormat) -> list[Footer]:
        """What each file says of itself. Equal schemas are one object.

        Raises:
            DataError: a file cannot be read; it is named.
        """
        read = _read_parquet if file_format == "parquet" else _read_arrow
        if len(files) < 2:
            return [self._one(file, read) for file in files]
        with ThreadPoolExecutor(_THREADS) as pool:
            return list(pool.map(lambda file: self._one(file, read), files))

    def _one(self, file: Path, read: Callable[[Path], Footer]) -> Footer:
        try:
            key = (file, look_at_file(file))
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            footer = read(file)
        except (pa.ArrowException, OSError, ValueError) as error:
            name = "Parquet" if read is _read_parquet else "Arrow"
            raise DataError(f"{file.name!r} cannot be read as {name}: {error}") from None
        with self._lock:
            if len(self._schemas) > _KEPT:
                self._schemas.clear()
            schema = self._schemas.setdefault(footer.schema.serialize().to_pybytes(), footer.schema)
            footer = self._kept[key] = replace(footer, schema=schema)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return footer


FOOTERS: Final = Footers()  # of the process: a file that stays as it is says the same to every engine


def parquet_batches(file: Path, names: Sequence[str], rows: int | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet file, in these columns; INT96 over its whole range. Some are read ahead.

    Args:
        file: the file.
        names: of the columns.
        rows: how many rows its footer says that it has.

    Raises:
        pa.ArrowInvalid: it cannot be read, or not as many rows came of it.
    """
    import pyarrow.dataset as pads  # imports pandas: half a second

    opened = pads.dataset(str(file), format=pads.ParquetFileFormat(coerce_int96_timestamp_unit="us"))
    columns, seen = {name: pads.field(name) for name in names}, 0
    for batch in opened.scanner(columns, batch_size=_BATCH_ROWS, batch_readahead=_READ_AHEAD).to_batches():
        seen += batch.num_rows
        yield batch
    if rows is not None and seen != rows:
        raise pa.ArrowInvalid(f"{file.name!r} has {rows:,} rows, but {seen:,} were read")


def arrow_batches(file: Path) -> Iterator[pa.RecordBatch]:
    """The rows of an Arrow file, stream, or Feather file of either version, in batches of bounded length."""
    with pa.memory_map(str(file)) as mapped:
        for batch in _open_arrow(mapped)[1]:
            for start in range(0, batch.num_rows, _BATCH_ROWS):
                yield batch.slice(start, _BATCH_ROWS)


def _read_arrow(file: Path) -> Footer:
    with pa.memory_map(str(file)) as mapped:
        return Footer(_open_arrow(mapped)[0].remove_metadata())


def _open_arrow(mapped: Any) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    magic = mapped.read(6)
    mapped.seek(0)
    if magic == b"ARROW1":
        reader = pa.ipc.open_file(mapped)
        return reader.schema, (reader.get_batch(number) for number in range(reader.num_record_batches))
    if magic.startswith(b"FEA1"):
        table = feather.read_table(mapped)
        return table.schema, iter(table.to_batches())
    stream = pa.ipc.open_stream(mapped)
    return stream.schema, iter(stream)


def _read_parquet(file: Path) -> Footer:
    footer = pq.read_metadata(file)
    schema = footer.schema.to_arrow_schema().remove_metadata()
    leaves = [footer.schema.column(place) for place in range(len(footer.schema))]
    physical = [leaf.physical_type for leaf in leaves]
    if "INT96" in physical:
        instants = iter(kind == "INT96" for kind in physical)
        schema = pa.schema([one.with_type(_with_instants(one.type, instants)) for one in schema])
    rebased, early = _rebased(footer, schema, leaves), _early(footer, schema, leaves)
    return Footer(schema, rebased, early, _codecs(footer), footer.num_rows)


def _codecs(footer: Any) -> frozenset[str]:
    """Of the first and the last row group: writers do not change their mind between."""
    found = set[str]()
    for number in {0, footer.num_row_groups - 1} if footer.num_row_groups else ():
        row_group = footer.row_group(number)
        for place in range(row_group.num_columns):
            chunk = row_group.column(place)
            found.update(chunk.encodings)
            found.add(chunk.compression)
    return frozenset(found)


def _early(footer: Any, schema: pa.Schema, leaves: Sequence[Any]) -> frozenset[str]:
    """Columns of days or instants, unless statistics say that all are of the time when calendars agree."""
    dated = {one.name for one in schema if _has_calendar(one.type)}
    return frozenset(
        leaf.path
        for place, leaf in enumerate(leaves)
        if leaf.path in dated and (leaf.physical_type == "INT96" or not _all_recent(footer, place))
    )


def _has_calendar(kind: pa.DataType) -> bool:
    return bool(types.is_date(kind) or types.is_timestamp(kind))


def _with_instants(kind: Any, instants: Iterator[bool]) -> pa.DataType:
    """A type whose leaves that are INT96 are timestamps in microseconds; takes one of `instants` for each."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if types.is_struct(kind):
        return pa.struct([one.with_type(_with_instants(one.type, instants)) for one in kind])
    if types.is_map(kind):
        return pa.map_(_with_instants(kind.key_type, instants), _with_instants(kind.item_type, instants))
    if types.is_nested(kind):
        return pa.list_(pa.field("element", _with_instants(kind.value_type, instants)))
    return pa.timestamp("us", "UTC") if next(instants, False) else kind


def _rebased(footer: Any, schema: pa.Schema, leaves: Sequence[Any]) -> frozenset[str]:
    """Columns with days or instants that Spark wrote in its old calendar, unless statistics say that it is
    all the same."""
    keys = footer.metadata or {}
    version = keys.get(b"org.apache.spark.version", b"3").decode("ascii", "replace")
    old = version.partition(".")[0] in ("1", "2")
    days = old or b"org.apache.spark.legacyDateTime" in keys
    instants = old or b"org.apache.spark.legacyINT96" in keys
    if not days and not instants:
        return frozenset()
    found = set()
    for place, leaf in enumerate(leaves):
        is_int96 = leaf.physical_type == "INT96"
        kind = leaf.logical_type.type if leaf.logical_type is not None else "NONE"
        is_day = kind in ("DATE", "TIMESTAMP")
        if (is_int96 and instants) or (is_day and days and not _all_recent(footer, place)):
            found.add(leaf.path)
    return frozenset(name for name in schema.names if any(_is_within(path, name) for path in found))


def _is_within(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}.")


def _all_recent(footer: Any, place: int) -> bool:
    """Whether every row group tells the least value of a column, and none is of the time of two calendars."""
    kind = footer.schema.column(place).logical_type
    first = _FIRST_DAY if kind is not None and kind.type == "DATE" else FIRST_ALIKE
    # Days after Python's last one are none that anybody meant.
    return all(days is not None and first <= days[0] <= _LAST_DAY for days in days_of(footer, place))
