"""Parquet and Arrow files, and tables in memory, made readable for a local backend. An adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from engine.errors import DataError
from engine.frames.relations import ALIKE
from engine.models.backends import Reader
from engine.sources.convert import convert_batches
from engine.sources.files import DataFile
from engine.sources.footers import FOOTERS, FileFormat, arrow_batches, parquet_batches
from engine.sources.layout import early_in, fitting, lay_out, make_source
from engine.sources.memory import Tabular
from engine.sources.snapshot import FoundFile, Snapshot, SnapshotFile, describe_table, take_snapshot
from engine.sources.source import ResolvedSource
from engine.sources.spool import Spool
from engine.sources.states import FILE_CHANGED, find_changed, states_of


def read_columnar(
    label: str, data_files: Sequence[DataFile], file_format: FileFormat, reader: Reader, spool: Spool
) -> ResolvedSource:
    """The source behind Parquet or Arrow files.

    Args:
        label: what errors call them.
        data_files: at least one.
        file_format: of all of them.
        reader: the backend.
        spool: takes what has to be converted.

    Raises:
        DataError: they cannot be read, or do not fit together.
    """
    paths = [data_file.path.resolve() for data_file in data_files]
    states = states_of(paths)
    footers = FOOTERS.read(paths, file_format)
    found = [
        FoundFile(path, data_file.folders, footer.schema, footer.rebased, footer.early, footer.codecs)
        for path, data_file, footer in zip(paths, data_files, footers, strict=True)
    ]
    snapshot = take_snapshot(found, reader, copied=file_format == "arrow")

    def rows_of(files: Sequence[SnapshotFile], current: Snapshot) -> Iterator[pa.RecordBatch]:
        return _rows(files, current, file_format)

    snapshot, (targets, made) = fitting(
        snapshot, label, lambda current: lay_out(current, rows_of, reader, spool)
    )
    early = snapshot.early
    if made is not None and file_format == "arrow":
        early = early_in(sorted(made.rglob("*.parquet")))
    # DuckDB need not look into every file of a thousand for its columns.
    options = {ALIKE: "true"} if reader == "duckdb" and snapshot.alike else {}
    source = make_source(snapshot, targets, label, early, lambda: spool.remove(made), options)

    def confirm() -> None:
        if (changed := find_changed(states)) is not None:
            name = next(one.label for one in found if one.path == changed)
            raise DataError(
                f"{label}: its file {name!r} was removed, replaced or written to while the run read it, so "
                "its numbers would mix two states; run it again, and let writers add new files instead",
                code=FILE_CHANGED,
            )

    return replace(source, confirm=confirm)


def read_rows(
    rows: Tabular, reader: Reader, spool: Spool, check: Callable[[], None] = lambda: None
) -> ResolvedSource:
    """The source behind rows in memory, which are written once.

    Args:
        rows: the rows in memory.
        reader: the backend that will read them.
        spool: the folder that they are written to.
        check: called for each batch; what it raises ends the work.

    Raises:
        DataError: two columns have one name, no column can be read, or the disk is full.
    """

    def checked() -> Iterator[pa.RecordBatch]:
        for batch in rows.batches():
            check()
            yield batch

    def write(snapshot: Snapshot) -> Path:
        return spool.write_batches(snapshot.schema, convert_batches(checked(), snapshot.schema))

    label = rows.label
    snapshot, path = fitting(describe_table(rows.schema, label, reader), label, write)
    return make_source(snapshot, [path], label, early_in([path]), lambda: spool.remove(path))


def plain_table(rows: Tabular) -> tuple[pa.Table, Snapshot]:
    """Rows in memory in types that every backend reads, and what was left out of them.

    Raises:
        DataError: as `read_rows`.
    """

    def make(snapshot: Snapshot) -> pa.Table:
        return pa.Table.from_batches(convert_batches(rows.batches(), snapshot.schema), snapshot.schema)

    snapshot, plain = fitting(describe_table(rows.schema, rows.label, "spark"), rows.label, make)
    return plain, snapshot


def _rows(
    files: Sequence[SnapshotFile], snapshot: Snapshot, file_format: FileFormat
) -> Iterator[pa.RecordBatch]:
    if file_format == "arrow":
        for file in files:
            yield from arrow_batches(file.path)
        return
    for file in files:
        [footer] = FOOTERS.read([file.path], "parquet")
        wanted = {column.name.lower() for column in snapshot.columns}
        names = [name for name in footer.schema.names if name.lower() in wanted]
        yield from parquet_batches(file.path, names, footer.rows)
