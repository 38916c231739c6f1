"""Whether files are still what they were. An adapter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from engine.file_state import FileState, state_of

FILE_CHANGED: Final = "file-changed"
FILE_CODES: Final = {
    FILE_CHANGED: "a data file that was removed, replaced or written to while the run read it",
}


def states_of(paths: Iterable[Path]) -> Mapping[Path, FileState | None]:
    """The state of each file as it is now; None for one that is not there."""
    return {path: state_of(path) for path in paths}


def find_changed(states: Mapping[Path, FileState | None]) -> Path | None:
    """A file whose content is not what it was; None: all are."""
    return next((path for path, state in states.items() if not _is_as_it_was(path, state)), None)


def _is_as_it_was(path: Path, before: FileState | None) -> bool:
    now = state_of(path)
    return now is before is None or (now is not None and before is not None and now.has_content_of(before))
