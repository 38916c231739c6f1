"""Building class archives beside a server, whenever no run has needed that for a while.

A process of its own is started for it, and ended as soon as a run begins.
"""

from __future__ import annotations

import logging
import math
import threading
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from engine.backends.local.process import make_folder
from engine.backends.local.starting import wait_answer
from engine.backends.spark import training
from engine.backends.spark.archive import Archives, find_archives
from engine.backends.spark.java import find_jars, find_java
from engine.backends.spark.launch import Launcher
from engine.backends.spark.warm import warm_up
from engine.effort import Grace
from engine.errors import CalcmetricError

_POLL_SECONDS: Final = 0.1
_LOOK_SECONDS: Final = 5.0
_QUIET_SECONDS: Final = 30.0  # without a session, before archives are built beside the server
_CLOSE_SECONDS: Final = 10.0  # for a thread that is done within a second, unless it hangs

logger = logging.getLogger(__name__)


class ArchiveBuilder:
    """Builds what is missing of the class archives, in a thread of its own or in the caller's."""

    def __init__(
        self,
        launcher: Launcher,
        cache_dir: Path | None,
        quiet_seconds: Callable[[], float] = lambda: math.inf,
    ) -> None:
        """Nothing is built yet.

        Args:
            launcher: starts the processes that are trained.
            cache_dir: as for `find_archives`.
            quiet_seconds: for how long no run has needed the server; by default none ever does.
        """
        self._launcher = launcher
        self._cache = cache_dir
        self._quiet_seconds = quiet_seconds
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Build in a thread when it is quiet, unless that was begun before; who is forgotten is not kept."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=_build_when_quiet, args=(weakref.ref(self), self._closed), name="calcmetric-archives"
            )
            self._thread.daemon = True
            self._thread.start()

    def close(self) -> None:
        """Build no longer; returns at once."""
        self._closed.set()

    def join(self) -> None:
        """Wait for the thread to end, after `close`."""
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)

    def build_when_quiet(self) -> bool:
        """Build the archives if no run needs the server; return whether that may be tried again."""
        if self._quiet_seconds() < _QUIET_SECONDS:
            return True
        try:
            archives = find_archives(find_java(), find_jars(), self._cache)
            with archives.claim() as lock:
                if lock is None:
                    return True  # another process builds them; it may fail
                if not archives.may_train():
                    return False
                archives.note_try(1)
                return not self.build(archives, self._is_wanted, training.make_grace())
        except (CalcmetricError, OSError) as error:
            logger.debug("class archives cannot be built: %s", error)
            return False

    def build(self, archives: Archives, stop: Callable[[], bool], grace: Grace) -> bool:
        """Build the archives in this thread; whoever calls it holds the claim.

        Args:
            archives: the class archives to build.
            stop: asked all the time; True ends it.
            grace: how long it may take.

        Returns:
            Whether they are there.
        """
        return training.build(archives, stop, grace, partial(self._train, stop, grace))

    def _is_wanted(self) -> bool:
        return self._closed.is_set() or self._quiet_seconds() < _QUIET_SECONDS

    def _train(self, stop: Callable[[], bool], grace: Grace, archive: Path, options: tuple[str, ...]) -> None:
        """Run a server that loads what servers load, and writes an archive of it when it ends."""
        folder = make_folder("spark", archive.parent)
        written = folder / "spark.jsa"
        process, connection = self._launcher.launch(
            find_java(),
            find_jars(),
            folder,
            options=(*options, f"-XX:ArchiveClassesAtExit={written}", "-XX:TieredStopAtLevel=1"),
            read=(archive.parent.parent,),
            orphans=archive.parent,
            low_priority=True,
        )
        over = threading.Event()

        def end_in_time() -> None:
            while not over.wait(_POLL_SECONDS):
                if stop() or not grace.left():
                    process.end()
                    return

        watch = threading.Thread(target=end_in_time, name="calcmetric-training", daemon=True)
        watch.start()
        try:
            wait_answer("spark", training.TRAINING_SECONDS, process, connection, grace)
            warm_up(connection, process.folder / "tmp", lambda: not stop())
            process.ask_to_finish()
            while process.is_alive(_POLL_SECONDS):
                continue
            written.replace(archive)
        finally:
            over.set()
            watch.join()
            connection.close()
            process.end()


def _build_when_quiet(held: weakref.ref[ArchiveBuilder], over: threading.Event) -> None:
    """Build archives when there is nothing else to do; a builder that is forgotten is not kept by that."""
    while not over.wait(_LOOK_SECONDS):
        builder = held()
        if builder is None or not builder.build_when_quiet():
            return
        del builder
