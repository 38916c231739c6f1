"""A table's folder, below which its files are found, and nowhere else. An adapter.

Paths in the log of a table are written by whoever wrote the table. The engine reads some of these files
itself, which nothing confines, and other people's tables may lie within its roots: so what a log names has to
be below the table's own folder, links followed.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from engine.errors import DataError
from engine.sources.tables.problems import TABLE_FILE, TABLE_PATH
from engine.sources.tables.state import TableFile

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")


class TableFolder:
    """The folder.

    Attributes:
        label: what errors call the table.
        path: where it is, links followed.
        metadata: the name of the file of an Iceberg table's latest state, if a catalog told it; else "".
    """

    def __init__(self, path: Path, label: str, metadata: str = "") -> None:
        """Look at nothing yet."""
        self.label, self.metadata = label, metadata
        self.path = path.resolve()

    @property
    def base(self) -> str:
        """What whole paths of its files begin with."""
        return str(self.path)

    def names(self, below: str) -> list[str]:
        """The names in a folder below it.

        Raises:
            OSError: it cannot be listed.
        """
        return [path.name for path in (self.path / below).iterdir()]

    def changed(self, path: str, what: str) -> int:
        """When a file was written, in milliseconds.

        Raises:
            DataError: as `find`.
        """
        return self.find(path, what).stat().st_mtime_ns // 1_000_000

    def prepare(self, paths: Sequence[str], what: str) -> None:
        """These files will be read; nothing to do where they lie."""

    def find_all(self, files: Sequence[TableFile], check: Callable[[], None]) -> list[Path]:
        """Where data files are; see `find`. `check` is called now and then."""
        found = []
        for number, file in enumerate(files):
            if number % 1000 == 0:
                check()
            found.append(self.find(file.path))
        return found

    def find(self, path: str, what: str = "data file") -> Path:
        """Where a file is that the table names.

        Args:
            path: below the folder, with slashes.
            what: the file is.

        Raises:
            DataError: it would lie elsewhere, or there is no such file.
        """
        self.refuse_odd(path, what)
        try:
            real = Path(os.path.realpath(self.path / path))
            kind = os.stat(real)  # noqa: PTH116 - half the time of Path.stat, for thousands of files
        except (OSError, ValueError) as error:
            raise self.missing(path, what, error) from None
        if not real.is_relative_to(self.path):
            raise self._outside(path, what, "it is a link to outside the table's folder")
        if not stat.S_ISREG(kind.st_mode):
            raise DataError(f"{self.label}: its {what} {path!r} is not a file", code=TABLE_FILE)
        return real

    def read(self, path: str, what: str, most: int) -> bytes:
        """The bytes of a file that the table names.

        Args:
            path: below the folder, with slashes.
            what: the file is.
            most: bytes; it may not have more.

        Raises:
            DataError: as `find`, or it cannot be read.
        """
        self.refuse_odd(path, what)
        try:
            # Not blocking, for it may be a pipe; and looked at once it is open, as links can be changed.
            descriptor = os.open(self.path / path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            raise self.missing(path, what, error) from None
        with os.fdopen(descriptor, "rb") as file:
            real = Path(os.readlink(f"/proc/self/fd/{descriptor}"))  # noqa: PTH115 - of the system's own making
            if not real.is_relative_to(self.path):
                raise self._outside(path, what, "it is a link to outside the table's folder")
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise DataError(f"{self.label}: its {what} {path!r} is not a file", code=TABLE_FILE)
            try:
                data = file.read(most + 1)
            except OSError as error:
                raise self.missing(path, what, error) from None
        if len(data) > most:
            raise DataError(
                f"{self.label}: its {what} {path!r} has more than {most:,} bytes", code=TABLE_FILE
            )
        return data

    def missing(self, path: str, what: str, error: Exception) -> DataError:
        """What to raise for a file that the table names, and that cannot be opened."""
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return DataError(
            f"{self.label}: its {what} {path!r} cannot be read ({reason}); its log names it, so it was "
            "removed since, by VACUUM or by hand: read a newer version, or restore the file",
            code=TABLE_FILE,
        )

    def refuse_odd(self, path: str, what: str) -> None:
        """Refuse what is no plain path below the folder.

        Raises:
            DataError: it is none.
        """
        parts = path.split("/")
        if path.startswith("/") or _SCHEME.match(path):
            raise self._outside(
                path, what, "it is an absolute path, as shallow clones have them: make a deep clone"
            )
        if not path or "\0" in path or not all(part not in ("", ".", "..") for part in parts):
            raise self._outside(path, what, "it is not a plain path below the table's folder")

    def _outside(self, path: str, what: str, why: str) -> DataError:
        return DataError(f"{self.label}: its {what} {path!r} is refused: {why}", code=TABLE_PATH)
