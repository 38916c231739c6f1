"""Whether files are still what they were. An adapter."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

# Size, time of change, inode: what changes if a file is written or replaced.
FileState: TypeAlias = tuple[int, int, int]
FILE_CHANGED: Final = "file-changed"
FILE_CODES: Final = {
    FILE_CHANGED: "a data file that was removed, replaced or written to while the run read it",
}


def state_of(path: Path) -> FileState | None:
    """What changes if a file is written or replaced; None if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - half the time of Path.stat, for thousands of files
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def states_of(paths: Iterable[Path]) -> Mapping[Path, FileState | None]:
    """The state of each file as it is now."""
    return {path: state_of(path) for path in paths}


def find_changed(states: Mapping[Path, FileState | None]) -> Path | None:
    """A file that is not as it was; None: all are."""
    return next((path for path, state in states.items() if state_of(path) != state), None)
