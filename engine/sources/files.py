"""Paths and globs: which files they mean, whether the backend may read them, and in what format.

Looks at the file system, reads no data (but Arrow files, which no backend reads, are copied to Parquet).
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from engine.errors import DataError

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
_LOOKED_AT: Final = 10_000
_MATCHED: Final = 100_000
# Each one more multiplies what has to be looked through.
_MOST_DEEP: Final = 2


def find_files(path: str, roots: Sequence[Path]) -> tuple[Path, ...]:
    """The files behind a path, a folder or a glob, in name order.

    Raises:
        DataError: there is none, or one is outside `roots`.
    """
    expanded = Path(path.removeprefix("file://")).expanduser()
    matches = [expanded] if expanded.exists() else _expand(str(expanded))
    if not matches:
        what = "no file matches" if glob.has_magic(path) else "there is no file or folder"
        raise DataError(f"{what} {path!r} (looked in {Path.cwd()})")
    for match in matches:
        _check_inside(match, roots)
    files = tuple(file for match in matches for file in _walk(match))
    if not files:
        raise DataError(f"{path!r} holds no data files")
    # A link in a folder may lead out of it; some files are read by the engine itself, which nothing confines.
    for file in files:
        _check_inside(file, roots)
    return files


def _expand(pattern: str) -> list[Path]:
    """What a glob means, in name order; ** any number of times in a row means it once.

    Raises:
        DataError: it means too much, or takes too long to say.
    """
    plain = re.sub(r"(?:\*\*/)+", "**/", pattern)
    if plain.count("**") > _MOST_DEEP:
        raise DataError(f"{pattern!r} has more than {_MOST_DEEP} times **; name the folders")
    matches = glob.iglob(plain, recursive=True)  # noqa: PTH207 - the pattern may be absolute
    found = sorted(set(islice(matches, _MATCHED + 1)))
    if len(found) > _MATCHED:
        raise DataError(f"{pattern!r} means more than {_MATCHED:,} files and folders; name a folder of them")
    return [Path(match) for match in found]


def find_format(path: str, files: Sequence[Path]) -> Format:
    """The format of the files, from the endings of their names.

    Raises:
        DataError: none is known, or there are several.
    """
    found = {FORMATS.get(_ending(file)) for file in files}
    known = ", ".join(FORMATS)
    if found == {None}:
        raise DataError(f"the format of {path!r} is not known from its name; known endings are {known}")
    if len(found) > 1:
        names = ", ".join(sorted(str(name or "unknown") for name in found))
        raise DataError(
            f"{path!r} holds files of several formats ({names}); name one of them, as in '*.parquet'"
        )
    return next(name for name in found if name is not None)


def read_options(files: Sequence[Path]) -> dict[str, str]:
    """Options of the backend's reader that the files' names ask for."""
    return {"sep": "\t"} if _ending(files[0]) == ".tsv" else {}


def _ending(file: Path) -> str:
    suffixes = [suffix.lower() for suffix in file.suffixes]
    while suffixes and suffixes[-1] in _COMPRESSIONS:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _check_inside(path: Path, roots: Sequence[Path]) -> None:
    real = path.resolve()
    if not any(real.is_relative_to(root.resolve()) for root in roots):
        allowed = ", ".join(str(root) for root in roots)
        raise DataError(
            f"{str(path)!r} is outside the folders that this engine may read ({allowed}); "
            f"name its folder when the engine is made: Engine(..., roots=({str(real.parent)!r},))"
        )


def _walk(path: Path) -> list[Path]:
    """The data files in a folder, as the readers see them: names with _ or . in front are hidden."""
    if path.is_file():
        return [path]
    found: list[Path] = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name[0] not in "_.")
        found += [Path(folder) / name for name in sorted(names) if name[0] not in "_."]
        if len(found) >= _LOOKED_AT:
            break
    return found
