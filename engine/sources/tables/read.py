"""A table at one version, made readable for a local backend. An adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.errors import DataError
from engine.file_state import FileState, state_of
from engine.frames.relations import ALIKE
from engine.models.backends import Reader
from engine.models.tables import TableFormat, TableName, TableRead, Version
from engine.sources.footers import FOOTERS, parquet_batches
from engine.sources.layout import early_in, fitting, lay_out, make_source
from engine.sources.snapshot import Snapshot, SnapshotFile
from engine.sources.source import ResolvedSource
from engine.sources.spool import Spool
from engine.sources.states import find_changed
from engine.sources.tables.deletion import DamagedVector, deleted_rows, vector_of_file
from engine.sources.tables.delta_log import read_delta
from engine.sources.tables.equality import kept
from engine.sources.tables.folder import TableFolder
from engine.sources.tables.iceberg import read_iceberg
from engine.sources.tables.problems import TABLE_FILE, TABLE_TYPE
from engine.sources.tables.skipping import TimeSpan, in_span
from engine.sources.tables.snapshot import FoundTableFile, StoredFile, take_table_snapshot
from engine.sources.tables.state import DeletionVector, TableFile, TableState

_MOST_VECTORS: Final = 1 << 31
_READERS: Final[Mapping[TableFormat, Callable[[TableFolder, Version | None], TableState]]] = {
    "delta": read_delta,
    "iceberg": read_iceberg,
}


def read_table_files(
    name: TableName,
    below: TableFolder,
    reader: Reader,
    spool: Spool,
    span: TimeSpan | None = None,
    check: Callable[[], None] = lambda: None,
) -> ResolvedSource:
    """The source behind a table in a folder.

    Args:
        name: of the table, with its version.
        below: it lies there, within the roots of whoever asks.
        reader: the backend.
        spool: takes what has to be converted.
        span: a range of time that all rows that are wanted lie in.
        check: called now and then; what it raises ends the work.

    Raises:
        DataError: the table cannot be read as it is meant.
    """
    label = str(name)
    state = _READERS[name.format](below, name.version)
    wanted = in_span(state, span)
    found, states = _find_files(below, wanted, check)
    snapshot, stored = take_table_snapshot(state, found, reader, label)
    if not snapshot.files:
        return _without_rows(snapshot, _told(name, state, 0), label, spool)

    def rows_of(files: Sequence[SnapshotFile], current: Snapshot) -> Iterator[pa.RecordBatch]:
        columns = {column.name for column in current.columns}
        for file in files:
            check()
            yield from _rows(file.path, stored[file.path], columns, below)

    snapshot, (targets, made) = fitting(
        snapshot, label, lambda current: lay_out(current, rows_of, reader, spool)
    )
    converted = (
        [] if made is None else [file for file in sorted(made.rglob("*.parquet")) if not file.is_symlink()]
    )
    options = {ALIKE: "true"} if reader == "duckdb" and snapshot.alike else {}
    source = make_source(
        snapshot, targets, label, snapshot.early | early_in(converted), lambda: spool.remove(made), options
    )

    def confirm() -> None:
        if (changed := find_changed(states)) is not None:
            raise DataError(
                f"{label}: its data file {stored[changed].file.path!r} was removed or replaced while the run "
                "read it, as VACUUM does with files of old versions; run it again, on the latest version",
                code=TABLE_FILE,
            )

    told, order = _told(name, state, len(found)), _order(state, snapshot)
    return replace(source, table=told, confirm=confirm, order=order)


def _order(state: TableState, snapshot: Snapshot) -> tuple[str, ...]:
    """The table's order of columns; none if they are read in it as it is."""
    read = [column.name for column in (*snapshot.columns, *snapshot.partitions)]
    meant = [field.name for field in state.fields if field.name in read]
    return () if meant == read else tuple(meant)


def _told(name: TableName, state: TableState, files: int) -> TableRead:
    written = (
        None if state.written is None else state.written.astimezone(UTC).isoformat().replace("+00:00", "Z")
    )
    path = str(replace(name, version=None))
    snapshot = "" if state.version is None else str(state.version)
    return TableRead(path, name.format, snapshot, written, files, len(state.files) - files)


def _find_files(
    folder: TableFolder, files: Sequence[TableFile], check: Callable[[], None]
) -> tuple[list[FoundTableFile], Mapping[Path, FileState]]:
    states = dict[Path, FileState]()
    paths = folder.find_all(files, check)
    for file, path in zip(files, paths, strict=True):
        state = state_of(path)
        if state is None or state.size != file.size:
            size = "no" if state is None else f"{state.size:,}"
            raise DataError(
                f"{folder.label}: its data file {file.path!r} has {size} bytes, and its log says "
                f"{file.size:,}: it was cut off or replaced; restore it",
                code=TABLE_FILE,
            )
        if path in states:
            raise DataError(
                f"{folder.label}: its log names one file twice, as {file.path!r}", code=TABLE_FILE
            )
        states[path] = state
    try:
        footers = FOOTERS.read(paths, "parquet")
    except DataError as error:
        raise DataError(f"{folder.label}: its data file {error}", code=TABLE_FILE) from None
    return [FoundTableFile(*one) for one in zip(files, paths, footers, strict=True)], states


def _rows(path: Path, stored: StoredFile, columns: set[str], folder: TableFolder) -> Iterator[pa.RecordBatch]:
    """The rows of a data file that count, under the names of its table."""
    pairs = zip(stored.matched.stored, stored.matched.schema, strict=True)
    compared = {name for delete in stored.file.equal for name in delete.kinds}
    wanted = [(name, field) for name, field in pairs if field.name in columns or field.name in compared]
    schema = pa.schema([field for _, field in wanted])
    deleted = _deleted(stored, folder)
    at = 0
    for batch in parquet_batches(path, [name for name, _ in wanted], stored.rows):
        count = batch.num_rows
        made = _named(batch, schema)
        for name, value in stored.constants.items():
            if name in columns:
                made = made.append_column(name, pa.repeat(value, count))
        if deleted is not None:
            first, last = np.searchsorted(deleted, (at, at + count))
            keep = np.ones(count, dtype=bool)
            keep[deleted[first:last] - at] = False
            made = made.filter(pa.array(keep))
        at += count
        if stored.file.equal:
            yield _left(made, stored, columns, folder)
        else:
            yield made


def _left(made: pa.RecordBatch, stored: StoredFile, columns: set[str], folder: TableFolder) -> pa.RecordBatch:
    """The rows of a batch that are not deleted because of their values."""
    given = dict(zip(made.schema.names, made.columns, strict=True))
    try:
        keep = kept(given, made.num_rows, stored.file.equal)
    except pa.ArrowInvalid as error:
        raise DataError(
            f"{folder.label}: rows of {stored.file.path!r} cannot be compared with deleted ones: {error}",
            code=TABLE_TYPE,
        ) from None
    left = made.filter(pa.array(keep))
    names = [name for name in left.schema.names if name in columns]
    if not names:  # a batch is as long as its columns
        return pa.RecordBatch.from_arrays([pa.nulls(left.num_rows)], names=["\0"])
    return left.select(names)


def _named(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The same columns under the table's names, within columns as well."""
    arrays = [_relabelled(array, field.type) for array, field in zip(batch.columns, schema, strict=True)]
    if not arrays:  # a batch is as long as its columns; this one is filled with nulls
        return pa.RecordBatch.from_arrays([pa.nulls(batch.num_rows)], names=["\0"])
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _relabelled(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """An array whose type differs in the names of fields only; not copied."""
    if array.type == kind:
        return array
    _, data = array.__arrow_c_array__()
    return pa.Array._import_from_c_capsule(kind.__arrow_c_schema__(), data)


def _deleted(stored: StoredFile, folder: TableFolder) -> NDArray[np.int64] | None:
    vector, places = stored.file.deletion, stored.file.places
    if places is not None and (int(places[0]) < 0 or int(places[-1]) >= stored.rows):
        raise DataError(
            f"{folder.label}: rows of {stored.file.path!r} are deleted that it lacks; restore the table",
            code=TABLE_FILE,
        )
    if vector is None:
        return places
    try:
        if vector.count > stored.rows:
            raise DamagedVector("it names more rows than the file has")
        rows = deleted_rows(_vector_bytes(vector, folder), vector.count)
        if len(rows) and int(rows[-1]) >= stored.rows:
            raise DamagedVector("it names a row that the file lacks")
    except DamagedVector as damage:
        raise DataError(
            f"{folder.label}: the deletion vector of {stored.file.path!r} is damaged: {damage}; restore it",
            code=TABLE_FILE,
        ) from None
    return rows


def _vector_bytes(vector: DeletionVector, folder: TableFolder) -> bytes:
    if vector.path is None:
        return vector.inline[: vector.size]  # base85 fills up with zeros
    data = folder.read(vector.path, "deletion vector", _MOST_VECTORS)
    return vector_of_file(data, vector.offset, vector.size)


def _without_rows(snapshot: Snapshot, told: TableRead, label: str, spool: Spool) -> ResolvedSource:
    """The source of a table, or of a part of it, that has no row: its columns."""
    plain = replace(snapshot, columns=(*snapshot.columns, *snapshot.partitions), partitions=())
    plain, path = fitting(plain, label, lambda current: spool.write_batches(current.schema, []))
    source = make_source(plain, [path], label, frozenset(), lambda: spool.remove(path))
    return replace(source, table=told)
