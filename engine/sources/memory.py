"""Data in the caller's memory: tables of any library that speaks Arrow, and batches one after another.

An adapter. What a library hands over by the Arrow PyCapsule interface is not copied on its way here. Streams
can be read once; a second reading gives no rows and no error, so what has been read is
remembered, and refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pyarrow as pa

from engine.errors import DataError
from engine.models.loaded import is_arrow_dataset, is_pandas
from engine.models.streams import RowStream, is_of_spark

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow.dataset as pads

# How many batches a dataset of files is read ahead of.
_READ_AHEAD: Final = 4
_Batches: TypeAlias = Callable[[], Iterator[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class Tabular:
    """Rows in memory.

    Attributes:
        label: what errors call them.
        schema: of all batches.
        batches: gives the rows, anew each time, or raises DataError.
    """

    label: str
    schema: pa.Schema
    batches: _Batches

    def table(self) -> pa.Table:
        """All rows at once.

        Raises:
            DataError: what gives them fails.
        """
        return pa.Table.from_batches(list(self.batches()), self.schema)


def find_tabular(source: object) -> Tabular | None:
    """What an object in memory holds; None if it holds no rows that are known of.

    Raises:
        DataError: its rows cannot be had, or were read before.
    """
    if isinstance(source, RowStream):
        return _stream(source)
    if is_pandas(source):
        return _of_table(_from_pandas(source), "the pandas DataFrame")
    if isinstance(source, pa.Table):
        return _of_table(source, "the Arrow table")
    if isinstance(source, pa.RecordBatch):
        return _of_table(pa.Table.from_batches([source]), "the Arrow batch")
    if is_arrow_dataset(source):
        return _of_dataset(source)
    if not is_of_spark(source) and hasattr(source, "__arrow_c_stream__"):
        return _of_table(_imported(source), f"the {type(source).__name__}")
    return None


def _of_table(table: pa.Table, label: str) -> Tabular:
    return Tabular(label, table.schema, lambda: iter(table.to_batches()))


def _of_dataset(dataset: pads.Dataset) -> Tabular:
    label = "the Arrow dataset"

    def batches() -> Iterator[pa.RecordBatch]:
        return _guarded(dataset.scanner(batch_readahead=_READ_AHEAD).to_batches(), dataset.schema, label)

    return Tabular(label, dataset.schema, batches)


def _from_pandas(frame: pd.DataFrame) -> pa.Table:
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(f"the pandas DataFrame has a column of mixed types: {error}") from None


def _imported(source: Any) -> pa.Table:
    """The rows of another library's table, where they are."""
    try:
        return pa.table(source)
    except Exception as error:  # whatever the library has for it
        raise DataError(f"the rows of the {type(source).__name__} cannot be read: {error}") from None


def _stream(source: RowStream) -> Tabular:
    """Batches that come one after another."""
    label = f"the {source.name}"
    if not source.take():
        raise DataError(
            f"{label} was read before, and can be read only once; make a new one for each run or give a table"
        )
    stream = source.stream
    if hasattr(stream, "__arrow_c_stream__"):
        try:
            stream = pa.RecordBatchReader.from_stream(stream)
        except Exception as error:
            raise DataError(f"the rows of {label} cannot be read: {error}") from None
        return _once(stream.schema, stream, label)
    batches = _flat(stream, label)
    first = next(batches, None)
    if first is None:
        raise DataError(
            f"{label} gives no batch, so its columns are unknown; give at least one, which may be empty"
        )
    return _once(first.schema, _after(first, batches), label)


def _once(schema: pa.Schema, batches: Iterable[pa.RecordBatch], label: str) -> Tabular:
    left = [batches]

    def read() -> Iterator[pa.RecordBatch]:
        if not left:  # what is left of them would be taken for all rows
            raise DataError(
                f"{label} has a value that does not fit the type that its column is read as, and gives "
                "its rows once; give a table instead, whose column can be left out"
            )
        return _guarded(left.pop(), schema, label)

    return Tabular(label, schema, read)


def _after(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


def _flat(stream: Iterable[object], label: str) -> Iterator[pa.RecordBatch]:
    """The batches of whatever a generator gives: batches, tables, pandas DataFrames."""
    given = _failing(iter(stream), label)
    for number, one in enumerate(given, 1):
        found = None if isinstance(one, RowStream) else find_tabular(one)
        if found is None:
            raise DataError(
                f"{label} gives a {type(one).__name__} as batch {number:,}; give Arrow batches or tables, or "
                "DataFrames"
            )
        made = found.table()
        yield from made.to_batches() or [pa.RecordBatch.from_pylist([], schema=made.schema)]


def _failing(stream: Iterator[object], label: str) -> Iterator[object]:
    """The same, with errors of the caller's code told as such."""
    while True:
        try:
            one = next(stream)
        except StopIteration:
            return
        except Exception as error:
            raise DataError(f"{label} failed: {type(error).__name__}: {error}") from error
        yield one


def _guarded(batches: Iterable[pa.RecordBatch], schema: pa.Schema, label: str) -> Iterator[pa.RecordBatch]:
    """The batches, all of one schema, with errors told as the data's."""
    for number, batch in enumerate(_failing(iter(batches), label), 1):
        assert isinstance(batch, pa.RecordBatch)
        if not batch.schema.equals(schema):
            raise DataError(
                f"{label} gives different columns in batch {number:,} than in the first one: "
                f"{_differing(batch.schema, schema)}; give all batches the same schema"
            )
        yield batch


def _differing(one: pa.Schema, other: pa.Schema) -> str:
    for name in dict.fromkeys([*other.names, *one.names]):
        kinds = [schema.field(name).type if name in schema.names else "missing" for schema in (other, one)]
        if kinds[0] != kinds[1]:
            return f"{name!r} was {kinds[0]} and is {kinds[1]}"
    return f"in another order, or otherwise null: {', '.join(one.names)}"
