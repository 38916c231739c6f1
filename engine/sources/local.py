"""Files of this machine, made readable for a local backend.

Most are read where they are. Copied into the spool as Parquet are Arrow files, which no backend reads,
and Parquet with nanosecond timestamps (what pandas writes), which Spark refuses. Names with characters that
a backend takes for a glob or a URL are reached through a link in the spool.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from engine.errors import DataError
from engine.relations import read_files
from engine.sources.files import find_files, find_format, read_options
from engine.sources.source import Source
from engine.sources.spool import Spool

_SPECIAL: Final = frozenset("*?[]{}\\:")


def read_local(path: str, roots: Sequence[Path], spool: Spool) -> Source:
    """The source behind a path, a folder or a glob.

    Raises:
        DataError: it is missing, outside `roots`, of no known format, or unreadable.
    """
    files = find_files(path, roots)
    format_name = find_format(path, files)
    real = Path(path.removeprefix("file://")).expanduser()
    targets = [real.resolve()] if real.exists() else [file.resolve() for file in files]
    if format_name == "arrow":
        return _copied(path, lambda: _copy_arrow(files, spool), spool)
    if format_name == "parquet" and _has_nanoseconds(path, files[0]):
        base = targets[0] if targets[0].is_dir() else targets[0].parent
        return _copied(path, lambda: _copy_parquet(files, base, spool), spool)
    special = any(_SPECIAL & set(str(target)) for target in targets)
    link = spool.link(targets) if special else None
    shown = [str(target) for target in (link.iterdir() if link else targets)]
    relation = read_files(format_name, sorted(shown), options=read_options(files))
    inferred = format_name != "parquet"
    return Source(relation, path, inferred, release=lambda: spool.remove(link))


def _copied(path: str, copy: Any, spool: Spool) -> Source:
    try:
        made: Path = copy()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path!r} cannot be read: {error}") from None
    return Source(read_files("parquet", [str(made)]), path, release=lambda: spool.remove(made))


def _has_nanoseconds(path: str, file: Path) -> bool:
    try:
        schema = pq.read_schema(file)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path!r} cannot be read as Parquet: {error}") from None
    return any(pa.types.is_timestamp(field.type) and field.type.unit == "ns" for field in schema)


def _copy_parquet(files: Sequence[Path], base: Path, spool: Spool) -> Path:
    names = [str(file.resolve()) for file in files]
    partitioning = pads.partitioning(flavor="hive")
    dataset = pads.dataset(names, format="parquet", partitioning=partitioning, partition_base_dir=str(base))
    return spool.write_batches(dataset.schema, dataset.to_batches())


def _copy_arrow(files: Sequence[Path], spool: Spool) -> Path:
    with pa.memory_map(str(files[0])) as first:
        schema = pa.ipc.open_file(first).schema
    return spool.write_batches(schema, (batch for file in files for batch in _arrow_batches(file)))


def _arrow_batches(file: Path) -> Iterator[Any]:
    with pa.memory_map(str(file)) as mapped:
        reader = pa.ipc.open_file(mapped)
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)
