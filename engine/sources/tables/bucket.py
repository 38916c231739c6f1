"""A table's place in an object store, below which its objects are found, and nowhere else. An adapter.

What a log names is fetched, and read as a file. It has to lie below the table's own place, as with folders.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.errors import DataError
from engine.models.urls import StoreUrl
from engine.sources.stores.fetched import StoredObject, Tell, nobody
from engine.sources.stores.problems import STORE_CHANGED, STORE_MISSING
from engine.sources.stores.stores import Stores
from engine.sources.tables.folder import TableFolder
from engine.sources.tables.problems import TABLE_FILE
from engine.sources.tables.state import TableFile


class TableBucket(TableFolder):
    """The place."""

    def __init__(
        self,
        url: StoreUrl,
        label: str,
        stores: Stores,
        check: Callable[[], None],
        tell: Tell,
        metadata: str = "",
    ) -> None:
        """Look at nothing yet.

        Args:
            url: the place.
            label: what errors call the table.
            stores: what is read there.
            check: called now and then; what it raises ends the work.
            tell: told how many data files are there, of how many.
            metadata: see `TableFolder`.
        """
        self.label, self.metadata = label, metadata
        self._url, self._stores, self._check, self._tell = url, stores, check, tell
        self._listed: dict[str, StoredObject] = {}
        self._files: dict[str, Path] = {}
        self._held = contextlib.ExitStack()

    @property
    def base(self) -> str:
        """See `TableFolder.base`."""
        return str(self._url)

    def release(self) -> None:
        """Let go of what was fetched. May be called twice."""
        self._held.close()

    def names(self, below: str) -> list[str]:
        """See `TableFolder.names`."""
        place = self._url.below(below)
        names = []
        for one in self._stores.list(place, self.label, deep=False, check=self._check):
            name = one.url.key.rpartition("/")[2]
            self._listed[f"{below}/{name}"] = one
            names.append(name)
        return names

    def changed(self, path: str, what: str) -> int:
        """See `TableFolder.changed`."""
        self._know([path], what)
        return int((self._listed[path].changed or 0) * 1000)

    def prepare(self, paths: Sequence[str], what: str) -> None:
        """Fetch files that will be read."""
        for path in paths:
            self.refuse_odd(path, what)
        wanted = [path for path in dict.fromkeys(paths) if path not in self._files]
        self._know(wanted, what)
        self._fetch({path: self._listed[path] for path in wanted}, what, nobody)

    def read(self, path: str, what: str, most: int) -> bytes:
        """See `TableFolder.read`."""
        self.refuse_odd(path, what)
        self._know([path], what)
        if self._listed[path].size > most:
            raise DataError(
                f"{self.label}: its {what} {path!r} has more than {most:,} bytes", code=TABLE_FILE
            )
        self.prepare([path], what)
        try:
            return self._files[path].read_bytes()
        except OSError as error:
            raise self.missing(path, what, error) from None

    def find_all(self, files: Sequence[TableFile], check: Callable[[], None]) -> list[Path]:
        """See `TableFolder.find_all`; all that is not there is fetched."""
        check()
        for file in files:
            self.refuse_odd(file.path, "data file")
        wanted = {file.path: StoredObject(self._url.below(file.path), file.size) for file in files}
        self._fetch(wanted, "data file", self._tell)
        return [self._files[file.path] for file in files]

    def find(self, path: str, what: str = "data file") -> Path:
        """See `TableFolder.find`."""
        self.prepare([path], what)
        return self._files[path]

    def _know(self, paths: Sequence[str], what: str) -> None:
        """Find out how large objects are that no listing told of."""
        for path in paths:
            if path in self._listed:
                continue
            found = self._stores.find_object(self._url.below(path), self.label, self._check)
            if found is None:
                raise self.missing(path, what, FileNotFoundError("there is no such object"))
            self._listed[path] = found

    def _fetch(self, wanted: dict[str, StoredObject], what: str, tell: Tell) -> None:
        try:
            held = self._stores.hold(list(wanted.values()), self.label, self._check, tell)
        except DataError as error:
            if error.code == STORE_MISSING:
                raise DataError(
                    f"{self.label}: a {what} that its log names is gone: {error}; it was removed since, "
                    "by VACUUM or by hand: read a newer version, or restore it",
                    code=TABLE_FILE,
                ) from None
            if error.code == STORE_CHANGED:
                raise DataError(
                    f"{error}; if that does not help, a {what} is not as the table says", code=error.code
                ) from None
            raise
        self._held.callback(held.release)
        self._files |= dict(zip(wanted, held.paths, strict=True))
