"""What a `Dataset.source` means on a backend."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from engine.arrow import arrow_stream
from engine.errors import DataError, UsageError
from engine.frames.relations import read_files, read_inline, read_remote_table
from engine.frames.relations import read_table as read_named_table
from engine.models.backends import Reader
from engine.models.tables import TableName, Version, names_catalog, plain_path
from engine.models.text_options import TextOptions
from engine.models.urls import is_store_url
from engine.sources.columnar import plain_table, read_rows
from engine.sources.files import FORMATS, Format, check_inside, find_table
from engine.sources.local import read_local
from engine.sources.memory import Tabular, find_tabular
from engine.sources.source import ResolvedSource
from engine.sources.spool import Spool
from engine.sources.stored import read_stored, read_stored_table
from engine.sources.stores.fetched import Tell, nobody
from engine.sources.stores.stores import Stores
from engine.sources.tables.catalog import locate
from engine.sources.tables.folder import TableFolder
from engine.sources.tables.read import read_table_files
from engine.sources.tables.skipping import TimeSpan
from engine.sources.text.spooling import refuse_options, remote_options
from engine.threads import STORE_THREADS, beside

_AS_FOUND: Final = TextOptions()


def resolve_source(
    source: Any,
    *,
    roots: Sequence[Path] | None,
    spool: Spool,
    reader: Reader = "spark",
    text: TextOptions = _AS_FOUND,
    version: Version | None = None,
    span: TimeSpan | None = None,
    stores: Stores | None = None,
    check: Callable[[], None] = lambda: None,
    tell: Tell = nobody,
) -> ResolvedSource:
    """Find out what a source is.

    Args:
        source: as `Dataset.source`.
        roots: folders that a local backend may read; None for a backend elsewhere, whose paths are its own.
        spool: where tables are put for a local backend.
        reader: which local backend that is.
        text: how files of text are written, as far as the caller says.
        version: of a table, if the caller names one.
        span: a range of time that all rows that are wanted lie in; None: any are.
        stores: the object stores that a local backend's data may lie in; None: there are none.
        check: called now and then while files are copied; what it raises ends that.
        tell: told how many objects were fetched, of how many.

    Raises:
        UsageError: a version of what has none.
        DataError: it is missing, outside `roots`, of no known format, or of no known kind.
    """
    if isinstance(source, (str, os.PathLike, list, tuple)):
        paths = [str(os.fspath(path)) for path in (source if isinstance(source, (list, tuple)) else [source])]
        if roots is not None and any(is_store_url(plain_path(path)) for path in paths):
            if stores is None:
                raise DataError(f"{paths[0]!r} lies in an object store, and no object store may be read here")
            return read_stored(paths, version, stores, spool, reader, text, span, check, tell)
        table = find_table(paths, version, look=roots is not None)
        if table is not None:
            refuse_options(text, f"a {table.format} table", str(table))
            return _table_files(table, roots, stores, spool, reader, span, check, tell)
        if roots is None:
            return _remote_paths(paths, text, version)
        return read_local(paths, roots, reader, spool, text, check)
    if version is not None:
        raise UsageError("version applies only to Delta and Iceberg tables")
    if text.given():
        raise DataError(f"{', '.join(text.given())}: these options apply only to CSV files")
    if hasattr(source, "sparkSession") and hasattr(source, "_plan"):
        return _caller_frame(source)
    rows = find_tabular(source)
    if rows is not None:
        return _rows(rows, roots is not None, reader, spool, check)
    lazy = "; call its collect() first" if hasattr(source, "collect") else ""
    raise DataError(
        f"a dataset's source cannot be a {type(source).__name__}{lazy}; give a path, a table name, a pandas "
        "or Polars DataFrame, an Arrow table or dataset, a DuckDB relation, batches, or a Spark Connect "
        "DataFrame"
    )


def _table_files(
    table: TableName,
    roots: Sequence[Path] | None,
    stores: Stores | None,
    spool: Spool,
    reader: Reader,
    span: TimeSpan | None,
    check: Callable[[], None],
    tell: Tell,
) -> ResolvedSource:
    if roots is None:
        return ResolvedSource(read_remote_table(table), str(table))
    folder, metadata = Path(table.path).expanduser(), ""
    if names_catalog(table) and not folder.is_dir():
        located = beside(lambda: locate(table), check, STORE_THREADS)  # a catalog may be slow to answer
        if stores is not None and is_store_url(located.place):
            return read_stored_table(table, located, stores, spool, reader, span, check, tell)
        folder, metadata = Path(located.place.removeprefix("file://")), located.metadata
    if not folder.is_dir():
        raise DataError(f"{table}: there is no folder {str(folder)!r} (looked in {Path.cwd()})")
    check_inside(folder, roots)
    return read_table_files(table, TableFolder(folder, str(table), metadata), reader, spool, span, check)


def _remote_paths(names: Sequence[str], text: TextOptions, version: Version | None) -> ResolvedSource:
    """Paths on the cluster if they look like that, else a table there."""
    label = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1:,} more"
    formats = {_remote_format(name) for name in names}
    if len(formats) > 1 or (None in formats and len(names) > 1):
        raise DataError(f"{label!r}: name one table, or paths of one format")
    (format_name,) = formats
    refuse_options(text, format_name or "a table", label)
    if format_name is None:
        return ResolvedSource(read_named_table(label, version), label)
    if version is not None:
        raise UsageError("version applies only to a table; give its name, delta:PATH or iceberg:PATH")
    if format_name == "arrow":
        raise DataError(f"{label!r}: Arrow files cannot be read on a cluster; use Parquet")
    options = remote_options(format_name, text, tabs=all(name.lower().endswith(".tsv") for name in names))
    return ResolvedSource(
        read_files(format_name, names, options=options), label, inferred=format_name != "parquet"
    )


def _remote_format(name: str) -> Format | None:
    """The format of a path on a cluster; None if it is the name of a table."""
    ending = Path(name).suffix.lower()
    if "/" not in name and ending not in FORMATS:
        return None
    return FORMATS.get(ending) or "parquet"


def _rows(
    rows: Tabular, local: bool, reader: Reader, spool: Spool, check: Callable[[], None]
) -> ResolvedSource:
    if local:
        return read_rows(rows, reader, spool, check)
    plain, snapshot = plain_table(rows)
    return ResolvedSource(
        read_inline(arrow_stream(plain).to_pybytes()), rows.label, left_out=snapshot.left_out
    )


def _caller_frame(frame: Any) -> ResolvedSource:
    session = frame.sparkSession
    if not hasattr(session, "_client"):
        raise DataError(
            "the DataFrame does not belong to a Spark Connect session; connect with "
            "SparkSession.builder.remote('sc://...'), or give the path of its data"
        )
    return ResolvedSource(frame._plan.to_proto(session._client).root, "the DataFrame", caller_session=session)
