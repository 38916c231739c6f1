"""The files of a snapshot, laid out for a local backend. An adapter.

Files that the backend reads exactly as the policy says are read where they are. What is irregular is
converted into the spool, where links stand beside it for the rest, so that a backend sees one folder with the
files of the run's snapshot and no others. Folders of partition columns are made anew there, in names that all
backends read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar

import pyarrow as pa

from engine.errors import DataError
from engine.frames.relations import read_files
from engine.models.backends import Reader
from engine.models.left_out import LeftOut
from engine.sources.convert import UnfitValue, convert_batches
from engine.sources.files import is_hidden
from engine.sources.footers import FOOTERS
from engine.sources.partitions import folder_name
from engine.sources.snapshot import Snapshot, SnapshotFile, type_name, without
from engine.sources.source import ResolvedSource
from engine.sources.spool import Spool

# Characters that a backend takes for a glob or a URL.
SPECIAL: Final = frozenset("*?[]{}\\:")
# More are read by Spark as one folder: a plan that names each is long, and it starts a job to look for them.
_MOST_NAMED: Final = 32
_Made = TypeVar("_Made")
# The rows of files that are to be converted, under the names of the snapshot's columns.
RowsOf: TypeAlias = Callable[[Sequence[SnapshotFile], Snapshot], Iterator[pa.RecordBatch]]


def make_source(
    snapshot: Snapshot,
    paths: Sequence[Path],
    label: str,
    early: frozenset[str],
    release: Callable[[], None],
    options: Mapping[str, str] = MappingProxyType({}),
) -> ResolvedSource:
    """The source that reads a snapshot's files where they were laid out."""
    schema = json.dumps(snapshot.spark_schema)
    relation = read_files("parquet", sorted(map(str, paths)), schema=schema, options=options)
    return ResolvedSource(relation, label, left_out=snapshot.left_out, early=early, release=release)


def early_in(spooled: Sequence[Path]) -> frozenset[str]:
    """Columns with days or instants from before 1582-10-15, in lower case, of files just written."""
    return frozenset(name.lower() for footer in FOOTERS.read(spooled, "parquet") for name in footer.early)


def fitting(snapshot: Snapshot, label: str, make: Callable[[Snapshot], _Made]) -> tuple[Snapshot, _Made]:
    """Make something of a snapshot, without the columns that turn out to hold values that do not fit."""
    while True:
        if not snapshot.columns and not snapshot.partitions:
            told = "; ".join(f"{one.name!r} ({one.type}): {one.reason}" for one in snapshot.left_out.values())
            if not told:
                raise DataError(f"{label} has no columns; is the file empty?")
            raise DataError(
                f"{label} cannot be handed to the data engine: none of its columns can be read: {told}"
            )
        try:
            return snapshot, make(snapshot)
        except UnfitValue as unfit:
            reason = f"a value does not fit the type that it is read as ({unfit.reason})"
            snapshot = without(snapshot, LeftOut(unfit.name, type_name(unfit.type), reason))
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{label} cannot be read, or be handed to the data engine: {error}") from None


def lay_out(
    snapshot: Snapshot, rows_of: RowsOf, reader: Reader, spool: Spool
) -> tuple[list[Path], Path | None]:
    """What to read for a snapshot, and what was made for that, if anything."""
    files = snapshot.files
    most = _MOST_NAMED if reader == "spark" else len(files)
    plain = len(files) <= most and not any(_is_special(file.path) for file in files)
    if plain and not snapshot.partitions and all(file.in_place for file in files):
        return [file.path for file in files], None
    folder = spool.new_folder()
    try:
        _fill(folder, snapshot, rows_of, spool)
    except BaseException:
        spool.remove(folder)
        raise
    made = sorted(folder.iterdir())
    named = not snapshot.partitions and len(made) <= most
    return (made if named else [folder]), folder


def _is_special(path: Path) -> bool:
    """Whether a backend takes a name for a glob, for a URL, or for a hidden file that it passes over."""
    return bool(SPECIAL & set(str(path))) or is_hidden(path.name)


def _fill(folder: Path, snapshot: Snapshot, rows_of: RowsOf, spool: Spool) -> None:
    """Put a snapshot's files into a folder, as links; those to convert as one file for each partition."""
    to_convert: dict[tuple[str | None, ...], list[SnapshotFile]] = {}
    made: dict[tuple[str | None, ...], Path] = {}
    names = [column.name for column in snapshot.partitions]
    for number, file in enumerate(snapshot.files):
        if file.values not in made:
            parts = [folder_name(name, value) for name, value in zip(names, file.values, strict=True)]
            made[file.values] = folder.joinpath(*parts)
            made[file.values].mkdir(parents=True, exist_ok=True)
        if file.in_place:
            (made[file.values] / f"part-{number:06}.parquet").symlink_to(file.path)
        else:
            to_convert.setdefault(file.values, []).append(file)
    for values, files in to_convert.items():
        batches = convert_batches(rows_of(files, snapshot), snapshot.schema)
        spool.write_batches(snapshot.schema, batches, made[values] / "converted.parquet")
