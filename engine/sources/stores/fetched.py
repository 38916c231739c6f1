"""What was fetched from object stores, kept in files for as long as there is room. An adapter.

A run holds the files that it reads; others stay for runs to come, up to a number of bytes, for some hours.
What is kept is used again only if the store says that it is still the same object: by its etag, or by the
size and the time that a listing tells, once an object that is written anew surely has another time. That is
when it is older than clocks can differ, or when its etag was told so long after a listing had told its time
that the store's clock has gone on.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from engine.errors import DataError
from engine.models.urls import SPOOL_BYTES, StoreUrl
from engine.sources.stores.problems import (
    STORE_BYTES,
    STORE_CHANGED,
    STORE_FULL,
    is_missing,
    is_refusal,
    store_error,
)
from engine.threads import STORE_THREADS
from engine.wording import joined, worded

KEPT_SECONDS: Final = 6 * 3600.0
_THREADS: Final = 16
_TRIES: Final = 4
_FIRST_PAUSE: Final = 0.2  # seconds; each one more is twice as long
_CHUNK: Final = 8 << 20
_LOOK_SECONDS: Final = 0.1
# Stores refuse requests of clocks that differ by more, so what a listing tells of then is surely over.
_CLOCKS_DIFFER: Final = 900.0
# Times of objects are told in seconds; a store's machines agree about theirs to less than this.
_LISTED_BEFORE: Final = 5.0
# What tells of bytes: their digest, or that of the digest of the only part.
_DIGEST: Final = re.compile(r"[0-9a-f]{32}(?:-1)?", re.ASCII)
_NAME_BYTES: Final = 100
_STORE_ERRORS: Final = (OSError, pa.ArrowException)
Tell = Callable[[int, int], None]


def nobody(done: int, total: int) -> None:
    """Tells nobody how far it is."""
    del done, total


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object, as a listing or a table tells of it.

    Attributes:
        url: where it is.
        size: how many bytes it has.
        changed: when it was written, in seconds; None: nobody said.
    """

    url: StoreUrl
    size: int
    changed: float | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """Files that stay until they are released.

    Attributes:
        paths: in the order of the objects.
        release: lets go of them. Never raises; may be called twice.
    """

    paths: tuple[Path, ...]
    release: Callable[[], None]


@dataclass(slots=True)
class _Kept:
    """A file, and the object that it is of.

    Attributes:
        path: of the file.
        object: as it was listed.
        etag: the store's mark of the bytes that the file holds.
        listed: when at the latest its time was told first, by a clock that only goes on.
        settled: whether an object that is listed with this time is this one.
        used: when it was last.
        users: how many runs hold it.
        stale: whether it goes once nobody does.
    """

    path: Path
    object: StoredObject
    etag: str
    listed: float
    settled: bool
    used: float
    users: int = 0
    stale: bool = False


class _Stopped(Exception):
    """Somebody else's object failed, or the work is not wanted any more."""


@dataclass(slots=True)
class _Work:
    """One call of `hold`, and what its threads have in their hands; that belongs to the lock of the files.

    Attributes:
        label: what errors call all objects.
        begun_at: when they had been listed, by a clock that only goes on.
        stop: set once nothing of it is wanted any more.
        turns: those that are taken, by object.
        begun: files that are being written, with the bytes that are set aside for each.
    """

    label: str
    begun_at: float
    stop: threading.Event = field(default_factory=threading.Event)
    turns: dict[StoreUrl, threading.Lock] = field(default_factory=dict)
    begun: dict[Path, int] = field(default_factory=dict)

    def pause(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise _Stopped


class _Downloads:
    """Threads that take many objects, and are left to themselves once nobody waits for them.

    A store that does not answer holds them until its time limits are over, and nobody else.
    """

    def __init__(
        self,
        wanted: Sequence[StoredObject],
        take: Callable[[StoredObject], _Kept],
        let_go: Callable[[list[_Kept]], None],
    ) -> None:
        self._left = iter(list(enumerate(wanted)))
        self._total, self._take, self._let_go = len(wanted), take, let_go
        self._changed = threading.Condition()
        self._taken: dict[int, _Kept] = {}
        self._error: BaseException | None = None
        self._abandoned = False
        for _ in range(min(_THREADS, self._total)):
            threading.Thread(target=self._run, name=f"{STORE_THREADS}-fetch", daemon=True).start()

    def wait(self, check: Callable[[], None], tell: Tell) -> list[_Kept]:
        """All of them, in their order; raise what the first one raised that failed."""
        while True:
            with self._changed:
                self._changed.wait_for(self._is_news, _LOOK_SECONDS)
                error, done = self._error, len(self._taken)
            if error is not None:
                raise error
            check()
            tell(done, self._total)
            if done == self._total:
                return [self._taken[number] for number in range(self._total)]

    def abandon(self) -> None:
        """Wait for nothing more."""
        with self._changed:
            self._abandoned = True
            taken = list(self._taken.values())
        self._let_go(taken)

    def _is_news(self) -> bool:
        return self._error is not None or len(self._taken) == self._total

    def _run(self) -> None:
        while True:
            with self._changed:
                number, wanted = next(self._left, (0, None))
                if wanted is None or self._abandoned:
                    return
            try:
                kept = self._take(wanted)
            except BaseException as error:
                with self._changed:
                    self._error = self._error or error
                    self._changed.notify_all()
                return
            with self._changed:
                if not self._abandoned:
                    self._taken[number] = kept
                    if self._is_news():
                        self._changed.notify_all()
                    continue
            self._let_go([kept])


class FetchedObjects:
    """The files. Thread-safe."""

    def __init__(
        self,
        folder: Path,
        most_bytes: int = SPOOL_BYTES,
        clock: Callable[[], float] = time.time,
        pause: float = _FIRST_PAUSE,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """Fetch nothing yet.

        Args:
            folder: takes them; made when the first one comes.
            most_bytes: to hold at most.
            clock: tells the time.
            pause: seconds before a second try.
            steady: tells seconds that only go on.
        """
        self._folder, self._most, self._pause = folder, most_bytes, pause
        self._clock, self._steady = clock, steady
        self._lock = threading.Lock()
        self._kept: dict[StoreUrl, _Kept] = {}
        self._stale: list[_Kept] = []
        self._turns: dict[StoreUrl, threading.Lock] = {}
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """How many bytes it holds, or is about to."""
        return self._bytes

    def hold(
        self,
        objects: Sequence[StoredObject],
        store: Any,
        label: str,
        check: Callable[[], None] = lambda: None,
        tell: Tell = nobody,
    ) -> Held:
        """Files with the bytes of objects; what is not there is fetched, many at once.

        Args:
            objects: of one store, each once.
            store: their file system.
            label: what errors call all of them.
            check: called now and then; what it raises ends the work.
            tell: told how many are there, of how many.

        Raises:
            DataError: one cannot be had; then nothing is held, and nothing half fetched is left.
        """
        self._evict_old()
        wanted = sum(one.size for one in objects)
        if wanted > self._most:
            raise self._full(label, wanted)
        work = _Work(label, self._steady())
        downloads = _Downloads(objects, lambda one: self._take(one, store, work), self._let_go)
        try:
            held = downloads.wait(check, tell)
        except BaseException:
            work.stop.set()
            downloads.abandon()
            self._give_up(work)
            raise
        return Held(tuple(one.path for one in held), lambda: self._let_go(held))

    def _give_up(self, work: _Work) -> None:
        """Take from threads that may hang what they hold: nothing is left, and nobody waits for them."""
        with self._lock:
            for url, turn in work.turns.items():
                if self._turns.get(url) is turn:
                    del self._turns[url]
            for path in list(work.begun):
                self._drop(path, work)

    def _drop(self, path: Path, work: _Work) -> None:
        """Remove a file that is not whole, unless that was done before; the lock is held."""
        if path in work.begun:
            self._bytes -= work.begun.pop(path)
            self._unlink(path)

    def _let_go(self, held: list[_Kept]) -> None:
        with self._lock:
            while held:
                one = held.pop()
                one.users -= 1
                one.used = self._clock()
                if one.stale and not one.users:
                    self._stale.remove(one)
                    self._remove(one)

    def _take(self, wanted: StoredObject, store: Any, work: _Work) -> _Kept:
        """The kept file of an object, which is in use from now on."""
        turn = self._wait_turn(wanted.url, work)  # two runs that want one object fetch it once
        try:
            return self._known(wanted, store, work) or self._fetch(wanted, store, work)
        finally:
            with self._lock:
                work.turns.pop(wanted.url, None)
            turn.release()

    def _wait_turn(self, url: StoreUrl, work: _Work) -> threading.Lock:
        """The turn for an object, from now on this work's own."""
        while not work.stop.is_set():
            with self._lock:
                turn = self._turns.setdefault(url, threading.Lock())
            if not turn.acquire(timeout=_LOOK_SECONDS):
                continue
            with self._lock:
                if self._turns.get(url) is turn:
                    work.turns[url] = turn
                    return turn
            turn.release()  # it was of a work that was given up
        raise _Stopped

    def _known(self, wanted: StoredObject, store: Any, work: _Work) -> _Kept | None:
        with self._lock:
            kept = self._kept.get(wanted.url)
            if kept is None:
                return None
            kept.users += 1  # so that it stays while it is looked at
        same = kept.object.size == wanted.size
        told = wanted.changed is not None and wanted.changed == kept.object.changed
        if same and not (kept.settled and told):
            asked = self._steady()
            try:
                same = self._trying(lambda: _etag_of(store, wanted.url), wanted, work) == kept.etag
            except BaseException:
                self._let_go([kept])
                raise
            if same and wanted.changed is not None:
                kept.object, kept.listed = wanted, kept.listed if told else work.begun_at
                kept.settled = self._is_over(kept.object, kept.listed, asked)
        if same:
            return kept
        with self._lock:
            self._forget(wanted.url)
        self._let_go([kept])
        return None

    def _fetch(self, wanted: StoredObject, store: Any, work: _Work) -> _Kept:
        path, asked = self._begin(wanted, work), self._steady()
        try:
            etag = self._trying(lambda: _download(wanted, store, path, work), wanted, work)
        except BaseException:
            with self._lock:
                self._drop(path, work)
            raise
        settled = self._is_over(wanted, work.begun_at, asked)
        kept = _Kept(path, wanted, etag, work.begun_at, settled, self._clock(), users=1)
        with self._lock:
            if work.begun.pop(path, None) is None:
                raise _Stopped
            self._forget(wanted.url)
            self._kept[wanted.url] = kept
        return kept

    def _begin(self, wanted: StoredObject, work: _Work) -> Path:
        """An empty file for an object, under its own name, for which bytes are set aside.

        Objects of one folder share a folder here, so that there are no more of these than there.
        """
        parent = hashlib.sha256(str(wanted.url.at(wanted.url.key.rpartition("/")[0])).encode()).hexdigest()
        with self._lock:
            if work.stop.is_set():
                raise _Stopped
            self._reserve(wanted.size, work.label)
            try:
                for number in itertools.count():  # one that is in use still, or whose name is as long
                    path = self._folder / f"{parent[:16]}-{number}" / _file_name(wanted.url)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    with contextlib.suppress(FileExistsError):
                        path.open("xb").close()
                        break
            except OSError as error:
                self._bytes -= wanted.size
                raise _no_room(work.label, error) from None
            work.begun[path] = wanted.size
            return path

    def _forget(self, url: StoreUrl) -> None:
        """Keep an object's file no longer than it is in use; the lock is held."""
        old = self._kept.pop(url, None)
        if old is None:
            return
        old.stale = True
        if old.users:
            self._stale.append(old)
        else:
            self._remove(old)

    def _is_over(self, one: StoredObject, listed: float, asked: float) -> bool:
        """Whether what was written to it after its etag was asked for surely has another time.

        Args:
            one: the object as it was listed.
            listed: when the store had told its time of writing.
            asked: a moment before its etag was asked for.
        """
        if one.changed is None:
            return False
        return asked - listed > _LISTED_BEFORE or self._clock() - one.changed > _CLOCKS_DIFFER

    def _trying(self, ask: Callable[[], str], wanted: StoredObject, work: _Work) -> str:
        """Ask a store, some times over if that may help."""
        what = f"{work.label}: {wanted.url}"
        for number in range(1, _TRIES + 1):
            if work.stop.is_set():
                raise _Stopped
            try:
                return ask()
            except _OtherBytes:
                if number == _TRIES:
                    raise DataError(
                        f"{what} has other bytes than its etag says, {number} times over; nothing of it is "
                        "kept: write it anew, or see what stands between here and the store. If the bucket "
                        "encrypts with keys of its own (KMS), whose etags tell nothing of bytes, say so with "
                        "CALCMETRIC_ETAGS=opaque",
                        code=STORE_BYTES,
                    ) from None
            except _STORE_ERRORS as error:
                if is_refusal(error) or is_missing(error) or number == _TRIES:
                    raise store_error(error, what, number) from None
            work.pause(self._pause * 2 ** (number - 1))
        raise AssertionError("the last try returns or raises")

    def _reserve(self, size: int, label: str) -> None:
        """Set bytes aside; the lock is held."""
        if self._bytes + size > self._most:
            for one in sorted(
                (one for one in self._kept.values() if not one.users), key=lambda one: one.used
            ):
                if self._bytes + size <= self._most:
                    break
                del self._kept[one.object.url]
                self._remove(one)
        if self._bytes + size > self._most:
            raise self._full(label, size)
        self._bytes += size

    def _evict_old(self) -> None:
        with self._lock:
            oldest = self._clock() - KEPT_SECONDS
            for one in [one for one in self._kept.values() if not one.users and one.used < oldest]:
                del self._kept[one.object.url]
                self._remove(one)
            if not self._kept:
                self._turns = {url: turn for url, turn in self._turns.items() if turn.locked()}

    def _remove(self, one: _Kept) -> None:
        """Remove a file that nobody uses; the lock is held."""
        self._bytes -= one.object.size
        self._unlink(one.path)

    @staticmethod
    def _unlink(path: Path) -> None:
        """Remove a file, and its folder if it was the last; the lock is held, so none comes meanwhile."""
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
            path.parent.rmdir()

    def _full(self, label: str, size: int) -> DataError:
        told = worded(
            "raise {spool_bytes}, name fewer files, or run fewer at a time",
        )
        what = (
            f"{label}: {size:,} bytes are to be fetched, and the spool may hold {self._most:,}, of which "
            f"{self._bytes:,} are taken; "
        )
        return DataError(joined([what, told], ""), code=STORE_FULL)


class _OtherBytes(Exception):
    """The digest of what came is not the etag."""


def _download(wanted: StoredObject, store: Any, path: Path, work: _Work) -> str:
    """Put an object into a file, and see that it is whole; its etag."""
    digest, seen = hashlib.md5(usedforsecurity=False), 0
    with store.open_input_stream(wanted.url.path) as stream:
        etag = _etag(stream.metadata()) or _etag_of(store, wanted.url)
        try:
            file = path.open("r+b")  # there, unless it was given up
            file.truncate(0)
        except OSError as error:
            raise _no_room(work.label, error) from None
        with file:
            while seen <= wanted.size:
                if work.stop.is_set():
                    raise _Stopped
                chunk = stream.read(min(_CHUNK, wanted.size + 1 - seen))
                if not chunk:
                    break
                digest.update(chunk)
                seen += len(chunk)
                try:
                    file.write(chunk)
                    file.flush()
                except OSError as error:
                    raise _no_room(work.label, error) from None
    if seen < wanted.size and _size_of(store, wanted.url) == wanted.size:
        raise OSError(f"it broke off after {seen:,} of {wanted.size:,} bytes")
    opaque = wanted.url.scheme != "s3" or not _DIGEST.fullmatch(etag) or _etags_are_opaque()
    if seen != wanted.size or (opaque and _etag_of(store, wanted.url) != etag):
        raise DataError(
            f"{work.label}: {wanted.url} was replaced while it was fetched; run it again, and "
            "let writers add objects instead",
            code=STORE_CHANGED,
        )
    if not opaque and _digest(digest.digest(), parted=etag.endswith("-1")) != etag:
        raise _OtherBytes
    return etag


def _digest(plain: bytes, *, parted: bool) -> str:
    """What the etag of an object is, if it was sent as a whole, or in one part."""
    return f"{hashlib.md5(plain, usedforsecurity=False).hexdigest()}-1" if parted else plain.hex()


def _etags_are_opaque() -> bool:
    return os.environ.get("CALCMETRIC_ETAGS", "").strip().lower() == "opaque"


def _etag(metadata: Any) -> str:
    """What tells an object from others of its name; "" if a store has no such thing."""
    for name, value in (metadata or {}).items():
        if bytes(name).lower() == b"etag" if isinstance(name, bytes) else name.lower() == "etag":
            return (value.decode() if isinstance(value, bytes) else str(value)).strip('"')
    return ""


def _etag_of(store: Any, url: StoreUrl) -> str:
    with store.open_input_file(url.path) as opened:
        found = _etag(opened.metadata())
    if found:
        return found
    info = store.get_file_info(url.path)
    return f"{info.mtime_ns}-{info.size}"


def _size_of(store: Any, url: StoreUrl) -> int | None:
    size: int | None = store.get_file_info(url.path).size
    return size


def _no_room(label: str, error: OSError) -> DataError:
    return DataError(
        f"{label}: what is fetched cannot be kept ({error.strerror or error}); set TMPDIR to a folder "
        "on a disk with room, and run it again",
        code=STORE_FULL,
    )


def _file_name(url: StoreUrl) -> str:
    """The object's own name, as errors tell it; its end says the format."""
    name = url.key.rpartition("/")[2].encode("utf-8", "replace")[-_NAME_BYTES:]
    return name.decode("utf-8", "ignore").lstrip("_.") or "object"
