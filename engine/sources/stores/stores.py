"""The object stores that an engine may read, and what lies in them. An adapter."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

import pyarrow as pa
from pyarrow import fs

from engine.errors import DataError
from engine.models.tables import TableFormat
from engine.models.urls import StoreUrl
from engine.sources.files import ICEBERG_METADATA, IS_METADATA, LOGS, MATCHED, is_hidden
from engine.sources.stores.fetched import FetchedObjects, Held, StoredObject, Tell, nobody
from engine.sources.stores.filesystems import open_store
from engine.sources.stores.problems import STORE_MISSING, is_missing, is_refusal, store_error
from engine.threads import STORE_THREADS, beside
from engine.wording import joined, worded

_ODD: Final = ("", ".", "..")
_MAGIC: Final = re.compile(r"[*?\[]")
_LIST_TRIES: Final = 3
_LIST_PAUSE: Final = 0.3
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class FoundObject:
    """An object of a dataset.

    Attributes:
        object: the object, with its address and size.
        folders: names of the folders between the folder that was named and it.
    """

    object: StoredObject
    folders: tuple[str, ...]


class Stores:
    """Object stores, below the places that may be read. Thread-safe."""

    def __init__(
        self,
        roots: Sequence[StoreUrl],
        fetched: FetchedObjects | None = None,
        opens: Callable[[StoreUrl], Any] = open_store,
    ) -> None:
        """Open none yet.

        Args:
            roots: the places.
            fetched: keeps what is read; None: objects are listed only.
            opens: makes the file system of a bucket.
        """
        self._roots, self._fetched, self._opens = tuple(roots), fetched, opens
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str, str], Any] = {}

    def check_inside(self, url: StoreUrl) -> None:
        """See that a place may be read.

        Raises:
            DataError: it may not.
        """
        if not any(url.is_within(root) for root in self._roots):
            allowed = ", ".join(map(str, self._roots)) or "none"
            wrong = f"'{url}' is outside the places in object stores that this engine may read ({allowed})"
            raise DataError(joined([wrong, worded("{open_place}")], "; "))

    def find_objects(
        self, url: StoreUrl, check: Callable[[], None] = lambda: None, *, plain: bool = False
    ) -> tuple[FoundObject, ...]:
        """The objects behind a place or a pattern, in the order of their keys.

        Args:
            url: the place.
            check: called now and then; what it raises ends the work.
            plain: whether the place itself was just found to be no table.

        Raises:
            DataError: there is none, it may not be read, the store fails, or they belong to a table.
        """
        base = _fixed(url)
        self.check_inside(base)
        label = str(url)
        found: list[FoundObject]
        info = self._info(url, label, check)
        if info is not None and info.type == fs.FileType.File:
            found = [FoundObject(_object(url, info), ())]
            self._refuse_table(url.at(_parent(url.key)), label, check)
        else:
            listed = sorted(self.list(base, label, check=check), key=lambda one: one.url.key)
            if plain and base.key:
                self._refuse_table(base.at(_parent(base.key)), label, check)
            elif not plain:
                self._refuse_table(base, label, check)
            found = list(_within(listed, url) if base == url else _matching(listed, url))
            _refuse_parts_of_tables(found, _tables_in(listed, base), label)
        if not found:
            what = "no object matches" if base != url else "there is no object at or below"
            raise DataError(f"{what} '{url}'; check the bucket and the name", code=STORE_MISSING)
        if len(found) > MATCHED:
            raise DataError(f"'{url}' means more than {MATCHED:,} objects; name fewer of them")
        return tuple(found)

    def find_format(self, url: StoreUrl, check: Callable[[], None]) -> TableFormat | None:
        """The format of the table that lies at a place; None if none does.

        Raises:
            DataError: it may not be read, or the store cannot be asked.
        """
        if is_pattern(url):
            return None
        self.check_inside(url)
        kind = self._table_at(url, str(url), check)
        if kind == "Hudi":
            raise _part_of_table(str(url), url, kind)
        return {"Delta Lake": "delta", "Iceberg": "iceberg"}.get(kind or "")  # type: ignore[return-value]

    def list_state(self, url: StoreUrl, check: Callable[[], None] = lambda: None) -> list[StoredObject]:
        """The objects that tell whether anything behind a place or a pattern is another one, by their keys.

        Raises:
            DataError: it may not be read, or the store cannot be asked.
        """
        base, label = _fixed(url), str(url)
        self.check_inside(base)
        kind = self._table_at(url, label, check) if base == url else None
        log = next((name for name, of in {**LOGS, ICEBERG_METADATA: "Iceberg"}.items() if of == kind), None)
        found = self.list(base if log is None else url.below(log), label, deep=log is None, check=check)
        if not found and (one := self._info(base, label, check)) is not None and one.type == fs.FileType.File:
            found = [_object(base, one)]
        return sorted(found, key=lambda one: one.url.key)

    def list(
        self,
        url: StoreUrl,
        label: str,
        *,
        deep: bool = True,
        check: Callable[[], None] = lambda: None,
    ) -> list[StoredObject]:
        """The objects below a place; none if there is no such place.

        Raises:
            DataError: the store cannot be asked.
        """
        selector = fs.FileSelector(url.path, recursive=deep, allow_not_found=True)
        infos = self._asking(url, label, check, lambda store: store.get_file_info(selector))
        prefix = f"{url.bucket}/"
        files = [info for info in infos or () if info.type == fs.FileType.File]
        return [_object(url.at(info.path.removeprefix(prefix)), info) for info in files]

    def find_object(
        self, url: StoreUrl, label: str, check: Callable[[], None] = lambda: None
    ) -> StoredObject | None:
        """An object by its whole name; None if there is none.

        Raises:
            DataError: it may not be read, or the store cannot be asked.
        """
        self.check_inside(url)
        info = self._info(url, label, check)
        return None if info is None or info.type != fs.FileType.File else _object(url, info)

    def hold(
        self,
        objects: Sequence[StoredObject],
        label: str,
        check: Callable[[], None] = lambda: None,
        tell: Tell = nobody,
    ) -> Held:
        """Files with the bytes of objects of one bucket; see `FetchedObjects.hold`.

        Raises:
            DataError: one may not be read, or cannot be had.
        """
        for one in objects:
            self.check_inside(one.url)
        if not objects:
            return Held((), lambda: None)
        assert self._fetched is not None
        store = self._asking(objects[0].url, label, check, lambda store: store)
        return self._fetched.hold(objects, store, label, check, tell)

    def _info(self, url: StoreUrl, label: str, check: Callable[[], None]) -> Any:
        info = self._asking(url, label, check, lambda store: store.get_file_info(url.path))
        return None if info is None or info.type == fs.FileType.NotFound else info

    def _asking(
        self, url: StoreUrl, label: str, check: Callable[[], None], ask: Callable[[Any], _T]
    ) -> _T | None:
        """What a store answers, asked some times over if that may help; None if there is no such thing."""
        for number in range(1, _LIST_TRIES + 1):
            check()
            try:
                return beside(lambda: ask(self._store(url)), check, STORE_THREADS)
            except (OSError, pa.ArrowException, ValueError) as error:
                if is_missing(error):
                    return None
                if is_refusal(error) or number == _LIST_TRIES:
                    raise store_error(error, label, number) from None
            beside(partial(time.sleep, _LIST_PAUSE * number), check, STORE_THREADS)
        raise AssertionError("the last try returns or raises")

    def _store(self, url: StoreUrl) -> Any:
        key = (url.scheme, url.bucket, url.account)
        with self._lock:
            if key not in self._open:
                self._open[key] = self._opens(url)
            return self._open[key]

    def _refuse_table(self, url: StoreUrl, label: str, check: Callable[[], None]) -> None:
        """Refuse objects at or below a place that belongs to a table: deleted rows would count."""
        place = url
        while True:
            try:
                kind = self._table_at(place, label, check)
            except DataError:
                if any(place.is_within(root) for root in self._roots):
                    raise
                return  # above what may be read the credentials need not be good for anything
            if kind is not None:
                raise _part_of_table(label, place, kind)
            if not place.key:
                return
            place = place.at(_parent(place.key))

    def _table_at(self, url: StoreUrl, label: str, check: Callable[[], None]) -> str | None:
        for name, kind in LOGS.items():
            if self._info(url.below(name), label, check) is not None:
                return kind
        listed = self.list(url.below(ICEBERG_METADATA), label, deep=False, check=check)
        return "Iceberg" if any(IS_METADATA.search(one.url.key) for one in listed) else None


def is_pattern(url: StoreUrl) -> bool:
    """Whether a place is meant by a pattern."""
    return _MAGIC.search(url.key) is not None


def _object(url: StoreUrl, info: Any) -> StoredObject:
    changed = None if info.mtime_ns is None else info.mtime_ns / 1e9
    return StoredObject(url, info.size, changed)


def _parent(key: str) -> str:
    return key.rpartition("/")[0]


def _fixed(url: StoreUrl) -> StoreUrl:
    """The place itself, or the part of a pattern before its first part with a special character."""
    parts = url.key.split("/")
    first = next((number for number, part in enumerate(parts) if _MAGIC.search(part)), None)
    return url if first is None else url.at("/".join(parts[:first]))


def _is_marker(one: StoredObject) -> bool:
    """Whether an object stands for a folder, as Hadoop writes such; others without a byte are damaged."""
    return not one.size and one.url.key.endswith("_$folder$")


def _is_hidden(one: StoredObject, parts: Sequence[str]) -> bool:
    """Whether an object is passed over, as files of hidden names are.

    Raises:
        DataError: it is not, but its name is none that a file could have, and it would be missing.
    """
    odd = [part for part in parts if part in _ODD]
    if any(is_hidden(part) for part in parts if part not in _ODD):
        return True
    if odd and one.size:
        raise DataError(
            f"the name of the object {str(one.url)!r} has parts that are empty, . or .., as no file's has; "
            "copy it to a plain name, or name what is to be read without it"
        )
    return bool(odd)


def _within(listed: Sequence[StoredObject], base: StoreUrl) -> Iterator[FoundObject]:
    for one in listed:
        below = one.url.key[len(base.key) :]
        parts = (below.removeprefix("/") if base.key else below).split("/")
        if not _is_marker(one) and not _is_hidden(one, parts):
            yield FoundObject(one, tuple(parts[:-1]))


def _matching(listed: Sequence[StoredObject], pattern: StoreUrl) -> Iterator[FoundObject]:
    """The objects that a pattern means, or that lie below a folder that it means."""
    means = re.compile(_regular(pattern.key), re.DOTALL)
    by_name = pattern.key.rpartition("/")[2][:1] in ("_", ".")
    depth = pattern.key.count("/") + 1
    for one in listed:
        parts = one.url.key.split("/")
        first = len(parts) if "**" in pattern.key else depth
        for end in range(min(first, len(parts)), 0, -1) if "**" in pattern.key else (depth,):
            if end <= len(parts) and means.fullmatch("/".join(parts[:end])):
                rest = parts[end:] if end < len(parts) else []
                hidden = [*([] if by_name else [parts[end - 1]]), *rest]
                if not _is_marker(one) and not _is_hidden(one, hidden):
                    yield FoundObject(one, tuple(parts[end:-1]))
                break


def _regular(pattern: str) -> str:
    """A pattern of paths as a regular expression; ** is any number of folders."""
    made, at = "", 0
    while at < len(pattern):
        one = pattern[at]
        if pattern.startswith("**/", at):
            made, at = made + r"(?:(?!\.)[^/]+/)*", at + 3
        elif pattern.startswith("**", at):
            made, at = made + ".*", at + 2
        elif one == "[" and (end := pattern.find("]", at + 2)) > 0:
            inside = pattern[at + 1 : end].replace("\\", r"\\").replace("[", r"\[").replace("^", r"\^")
            inside = f"^/{inside[1:]}" if inside[:1] == "!" else inside
            made, at = f"{made}[{inside}]", end + 1
        else:
            shown = (
                "" if made and pattern[at - 1] != "/" else r"(?!\.)"
            )  # a dot in front is meant by name only
            made += {"*": f"{shown}[^/]*", "?": f"{shown}[^/]"}.get(one, re.escape(one))
            at += 1
    return made


def _tables_in(listed: Sequence[StoredObject], base: StoreUrl) -> dict[str, str]:
    """The keys of folders below a place that hold tables, with the tables' kinds."""
    found = {}
    for one in listed:
        parts = one.url.key[len(base.key) :].strip("/").split("/")
        log = next((log for log in LOGS if log in parts[:-1]), None)
        if log is None and parts[-2:-1] == [ICEBERG_METADATA] and IS_METADATA.search(parts[-1]):
            log = ICEBERG_METADATA
        if log is not None:
            place = base.key, *parts[: parts.index(log)]
            found["/".join(part for part in place if part)] = LOGS.get(log, "Iceberg")
    return found


def _refuse_parts_of_tables(found: Sequence[FoundObject], tables: Mapping[str, str], label: str) -> None:
    """Refuse objects that lie in a folder that holds a table: deleted rows would count."""
    for one in found if tables else ():
        key = one.object.url.key
        while key:
            key = _parent(key)
            if key in tables:
                raise _part_of_table(label, one.object.url.at(key), tables[key])


def _part_of_table(label: str, place: StoreUrl, kind: str) -> DataError:
    prefix = kind.split()[0].lower()
    todo = (
        f"name the table itself, as {prefix}:URL"
        if kind != "Hudi"
        else "such tables cannot be read; export their current rows as Parquet files, and name those"
    )
    named = "an Iceberg" if kind == "Iceberg" else f"a {kind}"
    at = str(place).rstrip("/")
    return DataError(
        f"{label} belongs to {named} table (at '{at}'), whose objects also hold rows that were deleted or "
        f"replaced; {todo}"
    )
