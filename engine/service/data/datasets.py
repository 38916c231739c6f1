"""What datasets may name, and what the files behind one look like now."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Final

from engine import Dataset, Engine
from engine.errors import CalcmetricError, DataError, UsageError
from engine.models.backends import capabilities_of
from engine.models.tables import names_catalog, parse_table
from engine.models.urls import is_store_url, parse_store_url
from engine.service.errors import SourceNotAllowed
from engine.service.settings import Settings
from engine.wording import message_of

_MAGIC: Final = frozenset("*?[")
_ANY_DEPTH: Final = "**"
_LOOKED_AT: Final = 10_000
# What a table may be called: plain names with dots between them, without quotes.
_TABLE: Final = re.compile(r"[A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$]*){0,3}", re.ASCII)
# Whose a root or a pattern is, in front of it; "*" is everybody's.
_ACCOUNT: Final = re.compile(r"(\*|[A-Za-z0-9][A-Za-z0-9._-]{0,63})=(.+)", re.ASCII | re.DOTALL)
_EVERYBODY: Final = "*"
_SHARED: Final = (
    "the service's operator opened this to one account, and now there are several: it has to be opened to "
    "each by name, or to all"
)
_HEXADECIMAL: Final = re.compile("%(?:25|2e|2f|5c)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SourceOwner:
    """Who names a source.

    Attributes:
        account: the account whose dataset it is.
        alone: whether there is no other account.
    """

    account: str = ""
    alone: bool = True

    def given(self, entries: Iterable[str]) -> tuple[str, ...]:
        """The roots or patterns that are open to it."""
        named = [_named(entry) for entry in entries]
        mine = {self.account, _EVERYBODY} | ({""} if self.alone else set())
        return tuple(entry for account, entry in named if account in mine)


ALONE: Final = SourceOwner()


def _named(entry: str) -> tuple[str, str]:
    """Whose an entry is, "" if that is not said, and what it opens."""
    found = _ACCOUNT.fullmatch(entry)
    return ("", entry) if found is None else (found[1], found[2])


def root_of(entry: str) -> str:
    """The folder or prefix of an entry of `Settings.data_roots`."""
    return _named(entry)[1]


def check_source(source: str, settings: Settings, reader: SourceOwner = ALONE) -> None:
    """Refuse a source that the operator did not open to an account.

    The engine checks again when it reads, and confines the local server to the folders of all accounts.

    Raises:
        SourceNotAllowed: it is neither in a root nor an allowed table.
    """
    try:
        _check(source, settings, reader)
    except SourceNotAllowed:
        if not reader.alone and _is_open(source, settings, SourceOwner(reader.account)):
            raise SourceNotAllowed(_SHARED) from None
        raise


def _is_open(source: str, settings: Settings, reader: SourceOwner) -> bool:
    try:
        _check(source, settings, reader)
    except SourceNotAllowed:
        return False
    return True


def _check(named: str, settings: Settings, reader: SourceOwner) -> None:
    source = _place(named)
    if "://" in source and not source.startswith("file://"):
        _check_url(source, settings, reader)
        return
    if source != named and _is_in_catalog(named):
        if not any(fnmatchcase(source, pattern) for pattern in reader.given(settings.tables)):
            raise _outside()  # which place it has only the catalog knows, so its name has to be opened
        return
    # What says of itself that it is a table in files is none of the backend's tables.
    if source == named and _is_table(source, settings, reader):
        return
    parts = Path(source.removeprefix("file://")).parts
    # A home is none of the roots; and what is no path is the name of a table, on a cluster.
    if not parts or parts[0].startswith("~") or (_is_remote(settings) and parts[0] != "/"):
        raise _outside()
    if sum(part == _ANY_DEPTH for part in parts) > 1:
        raise SourceNotAllowed("a pattern can contain ** only once")
    if not _is_inside(fixed_part(source), settings, reader):
        raise _outside()


def _check_url(source: str, settings: Settings, reader: SourceOwner) -> None:
    roots = reader.given(settings.data_roots)
    prefixes = tuple(root.rstrip("/") + "/" for root in roots if "://" in root)
    # What reads the URL may take back-slashes for slashes, and read what is written in hexadecimal.
    odd = ".." in source.split("/") or "\\" in source or _HEXADECIMAL.search(source)
    if odd or not f"{source}/".startswith(prefixes or ("\0",)):
        raise SourceNotAllowed("URLs must begin with one that the service was started with")
    if is_store_url(source):
        try:
            parse_store_url(source)
        except UsageError as error:
            raise SourceNotAllowed(message_of(error)) from None


def look_at_source(source: str, settings: Settings, reader: SourceOwner = ALONE) -> None:
    """See, before a run, that a source is there, and still within what the operator opened.

    Raises:
        DataError: it is not; the message holds nothing of the host but the source.
    """
    try:
        check_source(source, settings, reader)
    except SourceNotAllowed as refusal:
        raise DataError(f"reading the dataset {source!r} is not allowed: {refusal.message}") from None
    named, source = source, _place(source)
    if (
        _is_remote(settings)
        or ("://" in source and not source.startswith("file://"))
        or _is_in_catalog(named)
        or (source == named and _is_table(source, settings, reader))
    ):
        return
    names = list(islice(_matches(source), _LOOKED_AT))
    if not names:
        raise DataError(f"there is no file {source!r}")
    if not all(_is_inside(Path(name).resolve(), settings, reader) for name in names):
        raise DataError(f"reading the dataset {source!r} is not allowed: a link in it leads outside")


def _is_in_catalog(named: str) -> bool:
    """Whether a source is a table that a catalog knows the place of."""
    table = parse_table(named)
    return table is not None and names_catalog(table) and not Path(table.path).is_dir()


def _place(source: str) -> str:
    """Where what a source names lies; of a table its folder.

    Raises:
        SourceNotAllowed: it names no table after all, or a version that is none.
    """
    try:
        return source if (table := parse_table(source)) is None else table.path
    except UsageError as error:
        raise SourceNotAllowed(message_of(error)) from None


def _outside() -> SourceNotAllowed:
    return SourceNotAllowed("it is outside the folders and tables that the service was started with")


def _is_inside(path: Path, settings: Settings, reader: SourceOwner) -> bool:
    return any(path.is_relative_to(root) for root in _folders(reader.given(settings.data_roots)))


def _is_remote(settings: Settings) -> bool:
    return capabilities_of(settings.backend).remote


def _is_table(source: str, settings: Settings, reader: SourceOwner) -> bool:
    # On a cluster parquet.`/x` would be a table to a pattern such as "*", and a file to Spark.
    if _TABLE.fullmatch(source) is None:
        return False
    return any(fnmatchcase(source, pattern) for pattern in reader.given(settings.tables))


def local_roots(settings: Settings) -> tuple[Path, ...]:
    """The folders among the roots of all accounts."""
    return _folders(map(root_of, settings.data_roots))


def store_roots(settings: Settings) -> tuple[str, ...]:
    """The places in object stores among the roots of all accounts."""
    return tuple(filter(is_store_url, map(root_of, settings.data_roots)))


def _folders(roots: Iterable[str]) -> tuple[Path, ...]:
    return tuple(Path(root).resolve() for root in roots if "://" not in root)


def fixed_part(source: str) -> Path:
    """The part of a path before its first glob character, with links resolved."""
    parts = Path(source.removeprefix("file://")).parts
    fixed: list[str] = []
    for part in parts:
        if _MAGIC & set(part):
            if ".." in parts[len(fixed) :]:
                raise SourceNotAllowed("it must not contain .. after a pattern")
            break
        fixed.append(part)
    return Path(*fixed).resolve()


def state_of(source: str, engine: Engine) -> str:
    """Changes when objects behind a source in an object store are; "" of all others, "?" if none can tell."""
    try:
        return engine.state_of(Dataset(source))
    except CalcmetricError:  # whoever reads it is told why
        return "?"


def fingerprint(source: str, timestamp: str | None, retention: str, state: str = "") -> str:
    """Changes when a dataset is another one, or its local files are changed, added or removed.

    `state` is what `state_of` tells.
    """
    about = (source, timestamp, retention, *([state] if state else []))
    digest = hashlib.sha256(repr(about).encode("utf-8", "surrogatepass"))
    for name, changed, size in sorted(islice(_files(_place(source)), _LOOKED_AT)):
        digest.update(repr((name, changed, size)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _files(source: str) -> Iterator[tuple[str, int, int]]:
    if "://" in source and not source.startswith("file://"):
        return
    for name in _matches(source):
        for file in [name] if not Path(name).is_dir() else _walk(name):
            try:
                found = Path(file).stat()
            except OSError:
                continue
            yield file, found.st_mtime_ns, found.st_size


def _matches(source: str) -> Iterator[str]:
    path = source.removeprefix("file://")
    if os.path.lexists(path):  # pathlib raises for names that are too long
        return iter([path])
    return glob.iglob(path, recursive=True)  # noqa: PTH207 - the pattern may be absolute


def _walk(folder: str) -> Iterator[str]:
    for place, _, names in os.walk(folder):
        for name in names:
            yield str(Path(place) / name)
