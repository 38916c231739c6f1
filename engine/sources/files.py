"""Paths and globs: which files they mean, whether the backend may read them, and in what format.

Looks at the file system, and reads no data.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from engine.errors import DataError, UsageError
from engine.models.tables import TableFormat, TableName, Version, at_version, parse_table
from engine.wording import joined, worded

Format = Literal["parquet", "csv", "json", "arrow"]

# Ending of the name, compression endings removed -> format.
FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        ".parquet": "parquet",
        ".pq": "parquet",
        ".csv": "csv",
        ".tsv": "csv",
        ".json": "json",
        ".jsonl": "json",
        ".ndjson": "json",
        ".arrow": "arrow",
        ".feather": "arrow",
        ".ipc": "arrow",
    }
)
_COMPRESSIONS: Final = frozenset({".gz", ".bz2", ".zst", ".snappy", ".lz4", ".deflate"})
MATCHED: Final = 100_000
# Folders of tables whose files hold more than their rows: a log says which files and rows count.
_DELTA: Final = "_delta_log"
LOGS: Final[Mapping[str, str]] = MappingProxyType({_DELTA: "Delta Lake", ".hoodie": "Hudi"})
ICEBERG_METADATA: Final = "metadata"
IS_METADATA: Final = re.compile(
    r"(?:\.gz)?\.metadata\.json(?:\.gz)?$", re.ASCII
)  # as names in that folder end
# Each one more multiplies what has to be looked through.
_MOST_DEEP: Final = 2


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of a dataset.

    Attributes:
        path: where it is.
        folders: names of the folders between the folder that was named and the file; none if the file
            itself was named, or matched.
    """

    path: Path
    folders: tuple[str, ...]


def find_data_files(path: str, roots: Sequence[Path]) -> tuple[DataFile, ...]:
    """The files behind a path, a folder or a glob, in name order.

    Raises:
        DataError: there is none, one is outside `roots`, or they belong to a table that has a log.
    """
    expanded = Path(path.removeprefix("file://")).expanduser()
    matches = [expanded] if expanded.exists() else _expand(str(expanded))
    if not matches:
        what = "no file matches" if glob.has_magic(path) else "there is no file or folder"
        raise DataError(f"{what} {path!r} (looked in {Path.cwd()})")
    for match in matches:
        check_inside(match, roots)
    for folder in {parent for match in matches for parent in match.resolve().parents}:
        _refuse_table(path, folder)
    found: list[DataFile] = []
    for match in matches:
        found += _walk(path, match)
        if len(found) > MATCHED:
            raise DataError(f"{path!r} holds more than {MATCHED:,} files; name one of its folders")
    if not found:
        raise DataError(f"{path!r} holds no data files")
    # A link in a folder may lead out of it; some files are read by the engine itself, which nothing confines.
    real_roots = [root.resolve() for root in roots]
    for data_file in found:
        check_inside(data_file.path, roots, real_roots)
    return tuple(found)


def find_table(paths: Sequence[str], version: Version | None, *, look: bool) -> TableName | None:
    """The table that a dataset names; None if it is none.

    Args:
        paths: of the dataset.
        version: of the table, if the caller names one.
        look: whether a folder may be looked into, for one that holds a table is that.

    Raises:
        UsageError: a table among other names, or a version of what has none.
    """
    named = [parse_table(path) for path in paths]
    if any(one is not None for one in named) and len(paths) > 1:
        raise UsageError("a table cannot be part of a list; give its name alone")
    table = named[0] if len(paths) == 1 else None
    if table is None and look and len(paths) == 1:
        folder = paths[0].removeprefix("file://")
        if (kind := _table_format(Path(folder).expanduser())) is not None:
            table = TableName(kind, folder)
    if table is None:
        if version is not None and look:
            raise UsageError("version applies only to Delta and Iceberg tables, such as delta:FOLDER")
        return None  # elsewhere it may be a table of a catalog
    return at_version(table, version)


def _expand(pattern: str) -> list[Path]:
    """What a glob means, in name order; ** any number of times in a row means it once.

    Raises:
        DataError: it means too much, or takes too long to say.
    """
    plain = re.sub(r"(?:\*\*/)+", "**/", pattern)
    if plain.count("**") > _MOST_DEEP:
        raise DataError(f"{pattern!r} has more than {_MOST_DEEP} times **; name the folders instead")
    matches = glob.iglob(plain, recursive=True)  # noqa: PTH207 - the pattern may be absolute
    found = sorted(set(islice(matches, MATCHED + 1)))
    if len(found) > MATCHED:
        raise DataError(f"{pattern!r} means more than {MATCHED:,} files and folders; name one of its folders")
    by_name = Path(pattern).name[:1] in "_."  # hidden files are meant only if they are named as such
    return [match for match in map(Path, found) if by_name or not is_hidden(match.name)]


def find_format(path: str, files: Sequence[Path]) -> Format:
    """The format of the files, from the endings of their names.

    Raises:
        DataError: none is known, or there are several.
    """
    found = {_format_of(file) for file in files}
    known = ", ".join(FORMATS)
    if found == {None}:
        raise DataError(f"the format of {path!r} cannot be told from its name; known endings are {known}")
    if len(found) > 1:
        names = ", ".join(sorted(str(name or "unknown") for name in found))
        raise DataError(
            f"{path!r} holds files of different formats ({names}); name one of them, as in '*.parquet'"
        )
    return next(name for name in found if name is not None)


def _format_of(file: Path) -> Format | None:
    """The format of a file by its name, or if it is a link, by the name of what it leads to."""
    return FORMATS.get(_ending(file)) or FORMATS.get(_ending(file.resolve()))


def _ending(file: Path) -> str:
    suffixes = [suffix.lower() for suffix in file.suffixes]
    while suffixes and suffixes[-1] in _COMPRESSIONS:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _table_format(folder: Path) -> TableFormat | None:
    """The format of the table that a folder holds; None if it holds none that can be read."""
    if (folder / _DELTA).is_dir():
        return "delta"
    return "iceberg" if _is_iceberg(folder) else None


def _is_iceberg(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return any(
            IS_METADATA.search(path.name) for path in (folder / ICEBERG_METADATA).glob("*.metadata.json*")
        )
    return False


def check_inside(path: Path, roots: Sequence[Path], real_roots: Sequence[Path] | None = None) -> None:
    """See that a file or folder, links followed, is in a folder that may be read.

    Args:
        path: where it is.
        roots: the folders.
        real_roots: the same with links followed, for who asks often.

    Raises:
        DataError: it is not.
    """
    real = path.resolve()
    if not any(real.is_relative_to(root) for root in real_roots or [root.resolve() for root in roots]):
        allowed = ", ".join(str(root) for root in roots)
        wrong = f"{str(path)!r} is outside the folders that this engine may read ({allowed})"
        raise DataError(joined([wrong, worded("{open_folder}")], "; "))


def _walk(path: str, match: Path) -> list[DataFile]:
    """The data files in a folder, but for hidden ones; or the file itself."""
    if match.is_file():
        return [DataFile(match, ())]
    found: list[DataFile] = []
    for folder, folders, names in os.walk(match, onerror=_raise_unlisted):
        _refuse_table(path, Path(folder))
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        within = Path(folder).relative_to(match).parts
        found += [DataFile(Path(folder, name), within) for name in sorted(names) if not is_hidden(name)]
        if len(found) > MATCHED:
            break
    return found


def _raise_unlisted(error: OSError) -> None:
    """A folder that cannot be listed may hold rows; leaving them out would be a wrong number."""
    raise DataError(f"the folder {Path(str(error.filename)).name!r} cannot be listed: {error.strerror}")


def is_hidden(name: str) -> bool:
    """Whether readers pass a name over: `_` or `.` in front, but for folders of a column such as `_day=1`."""
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def _refuse_table(path: str, folder: Path) -> None:
    """Refuse to read the files of a table as if they were its rows: deleted rows would count."""
    kind = next((kind for name, kind in LOGS.items() if (folder / name).is_dir()), None)
    if kind is None and _is_iceberg(folder):
        kind = "Iceberg"
    if kind is not None:
        todo = (
            f"name the folder of the table itself, as {kind.split()[0].lower()}:FOLDER"
            if kind != "Hudi"
            else "such tables cannot be read; export their current rows as Parquet files, and name those"
        )
        raise DataError(
            f"{path!r} belongs to a {kind} table (in the folder {folder.name!r}), whose files also hold rows "
            f"that were deleted or replaced; {todo}"
        )
