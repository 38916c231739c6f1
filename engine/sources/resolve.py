"""What a `Dataset.source` means on a backend: the relation to read, and what to release afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.connect.proto as pb
from pyspark.sql.connect.types import proto_schema_to_pyspark_data_type

from engine.errors import DataError
from engine.sources.files import FORMATS, find_files, find_format, read_options
from engine.sources.spool import Spool

# Plan ids of relations that the engine makes itself; a guest's own count up from 0.
_PLAN_ID: Final = 2**40


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that a backend can read.

    Attributes:
        relation: what to read.
        label: what errors call it.
        inferred: whether reading it as it is means inferring the schema again for each query.
        caller_session: the caller's own Spark Connect session, if the rows are to be read there.
        release: removes what was made for it. Never raises.
    """

    relation: pb.Relation
    label: str
    inferred: bool = False
    caller_session: Any = None
    release: Callable[[], None] = lambda: None


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
        text = os.fspath(source)
        return _local_path(str(text), roots, spool) if roots is not None else _remote_name(str(text))
    if isinstance(source, pd.DataFrame):
        return _table(_from_pandas(source), "the pandas DataFrame", roots, spool)
    if isinstance(source, pa.Table):
        return _table(source, "the Arrow table", roots, spool)
    if hasattr(source, "sparkSession") and hasattr(source, "_plan"):
        return _caller_frame(source)
    raise DataError(
        f"a dataset's source cannot be a {type(source).__name__}; give a path, a table name, "
        "a pandas DataFrame, an Arrow table, or a Spark Connect DataFrame"
    )


def with_schema(source: Source, schema: pb.DataType) -> pb.Relation:
    """The relation to read from now on: with its columns spelled out where they were inferred.

    Inferring again for each query would read the data twice each time.
    """
    if not source.inferred:
        return source.relation
    relation = pb.Relation()
    relation.CopyFrom(source.relation)
    data_source = relation.read.data_source
    data_source.schema = proto_schema_to_pyspark_data_type(schema).json()
    data_source.options.pop("inferSchema", None)
    return relation


def _local_path(path: str, roots: Sequence[Path], spool: Spool) -> Source:
    files = find_files(path, roots)
    format_name = find_format(path, files)
    if format_name == "arrow":
        copy = _copy_arrow(path, files, spool)
        return Source(_read("parquet", [str(copy)], {}), path, release=_remover(copy))
    real = Path(path.removeprefix("file://")).expanduser()
    paths = [str(real.resolve())] if real.exists() else [str(file.resolve()) for file in files]
    relation = _read(format_name, [_escape_glob(name) for name in paths], read_options(format_name, files))
    return Source(relation, path, inferred=format_name != "parquet")


def _remote_name(name: str) -> Source:
    """A path on the cluster if it looks like one, else a table there."""
    ending = Path(name).suffix.lower()
    if "/" not in name and ending not in FORMATS:
        relation = pb.Relation(common=pb.RelationCommon(plan_id=_PLAN_ID))
        relation.read.named_table.unparsed_identifier = name
        return Source(relation, name)
    format_name = FORMATS.get(ending, "parquet")
    if format_name == "arrow":
        raise DataError(f"{name!r}: Arrow files cannot be read on a cluster; use Parquet")
    return Source(
        _read(format_name, [name], read_options(format_name, [Path(name)])), name, format_name != "parquet"
    )


def _table(table: pa.Table, label: str, roots: Sequence[Path] | None, spool: Spool) -> Source:
    if len(set(table.column_names)) < table.num_columns:
        raise DataError(f"{label} has two columns of one name; rename one of them")
    path = spool.write(table)
    if roots is None:
        return Source(_inline(path), label, release=_remover(path))
    return Source(_read("parquet", [str(path)], {}), label, release=_remover(path))


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


def _inline(path: Path) -> pb.Relation:
    """Rows as a part of the plan itself, for a backend that cannot see this machine's files."""
    table = pq.read_table(path)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    relation = pb.Relation(common=pb.RelationCommon(plan_id=_PLAN_ID))
    relation.local_relation.data = sink.getvalue().to_pybytes()
    return relation


def _copy_arrow(path: str, files: Sequence[Path], spool: Spool) -> Path:
    try:
        with pa.memory_map(str(files[0])) as first:
            schema = pa.ipc.open_file(first).schema
        return spool.write_batches(schema, (table for file in files for table in _arrow_batches(file)))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path!r} cannot be read as an Arrow file: {error}") from None


def _arrow_batches(file: Path) -> Any:
    with pa.memory_map(str(file)) as mapped:
        reader = pa.ipc.open_file(mapped)
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)


def _read(format_name: str, paths: list[str], options: dict[str, str]) -> pb.Relation:
    relation = pb.Relation(common=pb.RelationCommon(plan_id=_PLAN_ID))
    relation.read.data_source.format = format_name
    relation.read.data_source.paths.extend(paths)
    relation.read.data_source.options.update(options)
    return relation


def _escape_glob(path: str) -> str:
    """A file whose own name holds glob characters is meant literally; the readers take backslashes."""
    return "".join(f"\\{character}" if character in "*?[]{}\\" else character for character in path)


def _remover(path: Path) -> Callable[[], None]:
    return lambda: path.unlink(missing_ok=True)
