"""What a `Dataset.source` means on a backend."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from engine.errors import DataError
from engine.relations import read_files, read_inline, read_table
from engine.sources.files import FORMATS, read_options
from engine.sources.local import read_local
from engine.sources.source import Source
from engine.sources.spool import Spool, plain_table


def resolve_source(source: Any, *, roots: Sequence[Path] | None, spool: Spool) -> Source:
    """Find out what a source is.

    Args:
        source: as `Dataset.source`.
        roots: folders that a local backend may read; None for a backend elsewhere, whose paths are its own.
        spool: where tables are put for a local backend.

    Raises:
        DataError: it is missing, outside `roots`, of no known format, or of no known kind.
    """
    if isinstance(source, (str, os.PathLike)):
        text = str(os.fspath(source))
        return _remote_name(text) if roots is None else read_local(text, roots, spool)
    if isinstance(source, pd.DataFrame):
        return _table(_from_pandas(source), "the pandas DataFrame", roots is not None, spool)
    if isinstance(source, pa.Table):
        return _table(source, "the Arrow table", roots is not None, spool)
    if hasattr(source, "sparkSession") and hasattr(source, "_plan"):
        return _caller_frame(source)
    raise DataError(
        f"a dataset's source cannot be a {type(source).__name__}; give a path, a table name, "
        "a pandas DataFrame, an Arrow table, or a Spark Connect DataFrame"
    )


def _remote_name(name: str) -> Source:
    """A path on the cluster if it looks like one, else a table there."""
    ending = Path(name).suffix.lower()
    if "/" not in name and ending not in FORMATS:
        return Source(read_table(name), name)
    format_name = FORMATS.get(ending) or "parquet"
    if format_name == "arrow":
        raise DataError(f"{name!r}: Arrow files cannot be read on a cluster; use Parquet")
    relation = read_files(format_name, [name], options=read_options([Path(name)]))
    return Source(relation, name, inferred=format_name != "parquet")


def _table(table: pa.Table, label: str, local: bool, spool: Spool) -> Source:
    if len(set(table.column_names)) < table.num_columns:
        raise DataError(f"{label} has two columns of one name; rename one of them")
    if not local:
        return Source(read_inline(_stream(plain_table(table, label))), label)
    path = spool.write(table, label)
    return Source(read_files("parquet", [str(path)]), label, release=lambda: spool.remove(path))


def _from_pandas(frame: pd.DataFrame) -> pa.Table:
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(f"the pandas DataFrame has a column that is of no one type: {error}") from None


def _caller_frame(frame: Any) -> Source:
    session = frame.sparkSession
    if not hasattr(session, "_client"):
        raise DataError(
            "the DataFrame is not of a Spark Connect session; connect with "
            "SparkSession.builder.remote('sc://...'), or give the path of the data"
        )
    return Source(frame._plan.to_proto(session._client).root, "the DataFrame", caller_session=session)


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())
