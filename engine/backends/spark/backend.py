"""The local Spark Connect server: a Java process of our own, the reference for what a number should be.

Once it answers, a thread asks it typical things, so that the first honest query does not pay for its classes.
Where there are no class archives, another builds them whenever no run has needed the server for a while, and
leaves off as soon as one does.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.backends.connect.rpc import Connection
from engine.backends.connect.session import ConnectSession
from engine.backends.local.generation import Generation
from engine.backends.local.process import ServerProcess, make_folder
from engine.backends.local.server import LocalServer
from engine.backends.local.watchdog import WatchdogSettings
from engine.backends.spark import training
from engine.backends.spark.archive import Archives, find_archives
from engine.backends.spark.building import ArchiveBuilder
from engine.backends.spark.java import find_jars, find_java
from engine.backends.spark.launch import HEAP_BYTES, Launcher
from engine.backends.spark.sessions import SessionPool
from engine.backends.spark.warm import warm_up
from engine.effort import Grace
from engine.errors import CalcmetricError

_STILL_RUNNING: Final = b"is still running"  # the task reaper's words, every 100 ms
_REAPER_SECONDS: Final = 0.25
_CLOSE_SECONDS: Final = 10.0  # for a thread that is done within a second, unless it hangs

logger = logging.getLogger(__name__)


class LocalSpark(LocalServer):
    """A local Spark Connect server.

    Args:
        roots: the folders that it may read.
        spool: where the engine puts data for it; readable too.
        cache_dir: where class archives are kept between starts; by default in the user's cache folder.
        heap_bytes: the most that its Java heap may take.
        watchdog_settings: how it is watched, and how much disk it may use.
        private_network: False leaves its ports within reach of every program of this machine.
        files_only: whether it may start where nothing confines its network.
        confined: False only for tests that take the confinement away.
    """

    name = "spark"
    interrupts = True
    own_settings = True
    slice_seconds = 10.0  # the first query of a fresh server takes seconds

    def __init__(
        self,
        roots: Sequence[Path],
        spool: Path,
        cache_dir: Path | None = None,
        *,
        heap_bytes: int = HEAP_BYTES,
        watchdog_settings: WatchdogSettings | None = None,
        private_network: bool = True,
        files_only: bool = False,
        confined: bool = True,
    ) -> None:
        super().__init__()
        self.watchdog_settings = watchdog_settings or self.watchdog_settings
        self._roots = tuple(roots)
        self._spool = spool
        self._cache = cache_dir
        self._launcher = Launcher(
            heap_bytes,
            self.watchdog_settings.disk_bytes,
            private_network=private_network and confined,  # both are the wall around the server
            files_only=files_only,
            confined=confined,
        )
        self._sessions = SessionPool()
        self._builder = ArchiveBuilder(self._launcher, cache_dir, self._sessions.quiet_seconds)
        self._archives: Archives | None = None
        self.started_without_archives = False
        self._warming: threading.Thread | None = None
        self._asked = threading.Event()  # an honest session is open: no more warming up

    def twin(self) -> LocalSpark:
        """See `LocalServer.twin`."""
        return LocalSpark(
            self._roots,
            self._spool,
            self._cache,
            heap_bytes=self._launcher.heap_bytes,
            watchdog_settings=self.watchdog_settings,
            private_network=self._launcher.private_network,
            files_only=self._launcher.files_only,
            confined=self._launcher.confined,
        )

    def train(self) -> bool:
        """Begin to build the class archives that its start has missed; see `Backend.train`."""
        return self.started_without_archives and training.begin(
            self._cache, files_only=self._launcher.files_only
        )

    def launch(self) -> tuple[ServerProcess, Connection]:
        """Start a Java process; see `LocalServer.launch`."""
        java, jars = find_java(), find_jars()
        archives = find_archives(java, jars, self._cache)
        options = archives.options()
        self._archives = archives if options else None
        return self._launcher.launch(
            java,
            jars,
            make_folder("spark"),
            options=options,
            read=(*self._roots, self._spool, *((archives.base, archives.top) if options else ())),
            orphans=self._spool,
            low_priority=self.apart,
        )

    def can_retry(self, detail: str) -> bool:
        """Without the class archives, or on other ports; see `LocalServer.can_retry`."""
        if self._archives is not None and not super().can_retry(detail):
            logger.warning("Spark did not start with its cached class archives; they are removed")
            self._archives.discard()
            return True
        return super().can_retry(detail)

    def on_started(self, generation: Generation) -> None:
        """Warm the server up, and have its classes kept if that was not done before."""
        self.started_without_archives = self._archives is None
        arguments = (generation.connection, generation.process.folder)
        self._warming = threading.Thread(
            target=self._warm, args=arguments, name="calcmetric-warm", daemon=True
        )
        self._warming.start()
        if self.started_without_archives and training.is_allowed() and not self.apart:
            self._builder.begin()

    def open_session(self, tenant: str = "") -> ConnectSession:
        """Open a session, or one that the tenant used before; see `Backend.open_session`."""
        place = self.place_of(tenant)
        if place is not self:
            return place.open_session(tenant)
        connection = self.connection()
        self._asked.set()
        session = ConnectSession(self, tenant=tenant, known=self._sessions.take(connection, tenant))
        self._sessions.note_open(session)
        return session

    def retire(self, connection: Connection, session_id: str, *, tenant: str, clean: bool) -> None:
        """Keep a session for its tenant's next run, if nothing of it was stopped; see `Endpoint`."""
        if not clean or not self._sessions.keep(connection, session_id, tenant):
            connection.release(session_id)

    def wait_idle(self, connection: Connection, grace: Grace) -> bool:
        """Whether Spark's task reaper has nothing to complain of any more; see `Endpoint`."""
        if (generation := self.generation_behind(connection)) is None:
            return True
        while True:
            end = generation.process.log_size()
            quiet = generation.process.grace(_REAPER_SECONDS)  # on a busy machine it is late with complaining
            while (left := quiet.left()) > 0:
                time.sleep(left)
            if _STILL_RUNNING not in generation.process.log_since(end):
                return True
            if not grace.left():
                return False

    @property
    def is_warming(self) -> bool:
        """Whether a server that has started is still being warmed up."""
        return self._warming is not None and self._warming.is_alive()

    def close(self) -> None:
        """End the server, and the building of archives if that goes on. See `Backend.close`."""
        if self.is_forked:
            return
        self._builder.close()
        super().close()
        if self._warming is not None:
            self._warming.join(_CLOSE_SECONDS)
        self._builder.join()

    def _warm(self, connection: Connection, folder: Path) -> None:
        """What goes on beside honest queries; failures cost only speed."""
        try:
            warm_up(connection, folder / "tmp", lambda: not self._asked.is_set())
        except (CalcmetricError, OSError) as error:
            logger.debug("warming up failed: %s", error)
