"""The local Spark Connect server: a Java process of our own, the reference for what a number should be.

Secrets (the Connect token, Spark's own secret) are in the environment and in a file of mode 0600, never
on the command line. Its three ports are chosen beforehand, because the kernel is told to refuse all others.
Once it answers, a thread asks it typical things, so that the first honest query does not pay for its classes.
Where there are no class archives, another builds them whenever no run has needed the server for a while, and
leaves off as soon as one does.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import grpc

from engine.backends.connect.rpc import LOCAL_OPTIONS, Connection
from engine.backends.connect.session import ConnectSession
from engine.backends.local.process import (
    Permissions,
    ServerProcess,
    find_free_ports,
    make_folder,
    start_process,
)
from engine.backends.local.server import Generation, LocalServer
from engine.backends.local.watch import Vigilance
from engine.backends.spark import main as spark_main
from engine.backends.spark import training
from engine.backends.spark.archive import Archives, find_archives
from engine.backends.spark.java import Java, find_jars, find_java, opened_packages
from engine.backends.spark.settings import (
    JAVA_OPTIONS,
    LOGGING,
    POOLS,
    POOLS_FILE,
    format_properties,
    make_properties,
)
from engine.backends.spark.warm import warm_up
from engine.effort import Grace, processors
from engine.errors import CalcmetricError

_HEAP_BYTES: Final = 4 << 30
_SERVER: Final = "org.apache.spark.sql.connect.service.SparkConnectServer"
_STILL_RUNNING: Final = b"is still running"  # the task reaper's words, every 100 ms
_REAPER_SECONDS: Final = 0.25
_IDLE_SESSIONS: Final = 4  # as many as runs go on at once, or nearly
_IDLE_SECONDS: Final = 1_200  # Spark forgets one after an hour
_POLL_SECONDS: Final = 0.1
_LOOK_SECONDS: Final = 5.0
_QUIET_SECONDS: Final = 30.0  # without a session, before archives are built beside the server
_CLOSE_SECONDS: Final = 10.0  # for a thread that is done within a second, unless it hangs

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Idle:
    """A session that waits for its tenant's next run."""

    connection: Connection
    session_id: str
    tenant: str
    since: float


class LocalSpark(LocalServer):
    """A local Spark Connect server.

    Args:
        roots: the folders that it may read.
        spool: where the engine puts data for it; readable too.
        cache_dir: where class archives are kept between starts; by default in the user's cache folder.
        heap_bytes: the most that its Java heap may take.
        vigilance: how it is watched, and how much disk it may use.
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
        heap_bytes: int = _HEAP_BYTES,
        vigilance: Vigilance | None = None,
        private_network: bool = True,
        files_only: bool = False,
        confined: bool = True,
    ) -> None:
        super().__init__()
        self._private = private_network and confined  # both are the wall around the server
        self.vigilance = vigilance or self.vigilance
        self._roots = tuple(roots)
        self._read = (*roots, spool)
        self._spool = spool
        self._cache = cache_dir
        self._heap = heap_bytes
        self._confined = confined
        self.files_only = files_only
        self._archives: Archives | None = None
        self.started_without_archives = False
        self._warming: threading.Thread | None = None
        self._helper: threading.Thread | None = None
        self._asked = threading.Event()  # an honest session is open: no more warming up
        self._sessions: weakref.WeakSet[ConnectSession] = weakref.WeakSet()
        self._used = time.monotonic()
        self._hurry = threading.Event()  # closing: no more training
        self._idle: list[_Idle] = []
        self._idle_lock = threading.Lock()

    def twin(self) -> LocalSpark:
        """See `LocalServer.twin`."""
        return LocalSpark(
            self._roots,
            self._spool,
            self._cache,
            heap_bytes=self._heap,
            vigilance=self.vigilance,
            private_network=self._private,
            files_only=self.files_only,
            confined=self._confined,
        )

    def train(self) -> bool:
        """Begin to build the class archives that its start has missed; see `Backend.train`."""
        return self.started_without_archives and training.begin(self._cache, files_only=self.files_only)

    def launch(self) -> tuple[ServerProcess, Connection]:
        """Start a Java process; see `LocalServer.launch`."""
        java, jars = find_java(), find_jars()
        archives = find_archives(java, jars, self._cache)
        options = archives.options()
        self._archives = archives if options else None
        read = (*self._read, archives.base, archives.top) if options else self._read
        return self._launch(java, jars, options, read, make_folder("spark"))

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
        earlier, arguments = self._helper, (generation.connection, generation.process.folder)
        self._warming = threading.Thread(
            target=self._warm, args=arguments, name="calcmetric-warm", daemon=True
        )
        self._warming.start()
        if self.started_without_archives and training.is_allowed() and earlier is None and not self.apart:
            self._helper = threading.Thread(
                target=_build_when_quiet, args=(weakref.ref(self), self._hurry), name="calcmetric-archives"
            )
            self._helper.daemon = True
            self._helper.start()

    def open_session(self, tenant: str = "") -> ConnectSession:
        """Open a session, or one that the tenant used before; see `Backend.open_session`."""
        place = self.place_of(tenant)
        if place is not self:
            return place.open_session(tenant)
        connection = self.connection()
        self._asked.set()
        with self._idle_lock:
            self._used = time.monotonic()
            fresh = self._used - _IDLE_SECONDS
            self._idle = [one for one in self._idle if one.connection is connection and one.since > fresh]
            of_tenant = [kept for kept in self._idle if kept.tenant == tenant]
            if of_tenant:
                self._idle.remove(of_tenant[-1])
                opened = ConnectSession(self, of_tenant[-1].session_id, connection, tenant=tenant)
            else:
                opened = ConnectSession(self, tenant=tenant)
            self._sessions.add(opened)
        return opened

    def retire(self, connection: Connection, session_id: str, *, tenant: str, clean: bool) -> None:
        """Keep a session: the code that Spark makes for a query is of use in that session only.

        A metric changes nothing in it: plans bring their own views, and what is asked under other settings
        is asked in a session apart, which is not kept. Should that ever fail, what it left is found by runs
        of the same tenant only.
        """
        with self._idle_lock:
            if clean and len(self._idle) < _IDLE_SESSIONS:
                self._idle.append(_Idle(connection, session_id, tenant, time.monotonic()))
                return
        connection.release(session_id)

    def wait_idle(self, connection: Connection, grace: Grace) -> bool:
        """Whether Spark's task reaper has nothing to complain of any more; see `Endpoint`."""
        generation = self.generation
        if generation is None or generation.connection is not connection:
            return True  # it has ended meanwhile
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

    def quiet_seconds(self) -> float:
        """For how long no run has had a session here; 0 while one has."""
        with self._idle_lock:
            if any(session.is_open for session in self._sessions):
                self._used = time.monotonic()
            return time.monotonic() - self._used

    def close(self) -> None:
        """End the server, and the building of archives if that goes on. See `Backend.close`."""
        if self.is_forked:
            return
        self._hurry.set()
        super().close()
        for thread in (self._warming, self._helper):
            if thread is not None:
                thread.join(_CLOSE_SECONDS)

    def build_when_quiet(self) -> bool:
        """Build the archives if no run needs the server; return whether that may be tried again."""
        if self.quiet_seconds() < _QUIET_SECONDS:
            return True
        try:
            archives = find_archives(find_java(), find_jars(), self._cache)
            with archives.claim() as lock:
                if lock is None:
                    return True  # another process builds them; it may fail
                if not archives.may_train():
                    return False
                archives.note_try(1)
                grace = training.make_grace()
                return not self.build_archives(archives, self._is_wanted, grace)
        except (CalcmetricError, OSError) as error:
            logger.debug("class archives cannot be built: %s", error)
            return False

    def build_archives(self, archives: Archives, stop: Callable[[], bool], grace: Grace) -> bool:
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
        return self._hurry.is_set() or self.quiet_seconds() < _QUIET_SECONDS

    def _warm(self, connection: Connection, folder: Path) -> None:
        """What goes on beside honest queries; failures cost only speed."""
        try:
            warm_up(connection, folder / "tmp", lambda: not self._asked.is_set())
        except (CalcmetricError, OSError) as error:
            logger.debug("warming up failed: %s", error)

    def _train(self, stop: Callable[[], bool], grace: Grace, archive: Path, options: tuple[str, ...]) -> None:
        """Run a server that loads what servers load, and writes an archive of it when it ends."""
        java, jars = find_java(), find_jars()
        folder = make_folder("spark", archive.parent)
        written = folder / "spark.jsa"
        options = (*options, f"-XX:ArchiveClassesAtExit={written}", "-XX:TieredStopAtLevel=1")
        read = (archive.parent.parent,)
        process, connection = self._launch(java, jars, options, read, folder, trains_in=archive.parent)
        over = threading.Event()

        def end_in_time() -> None:
            while not over.wait(_POLL_SECONDS):
                if stop() or not grace.left():
                    process.end()
                    return

        watch = threading.Thread(target=end_in_time, name="calcmetric-training", daemon=True)
        watch.start()
        try:
            self.wait_answer(process, connection, grace)
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

    def _launch(
        self,
        java: Java,
        jars: Path,
        options: tuple[str, ...],
        read: tuple[Path, ...],
        folder: Path,
        *,
        trains_in: Path | None = None,
    ) -> tuple[ServerProcess, Connection]:
        """Start a Java process with these options in `folder`; at idle priority if it trains."""
        ports = find_free_ports(3)
        token = secrets.token_hex(32)
        cores = processors()  # tasks that it runs at once, and partitions of its shuffles
        properties = make_properties(
            str(folder), (ports[0], ports[1], ports[2]), secrets.token_hex(32), cores
        )
        for name in ("tmp", "local", "warehouse"):
            (folder / name).mkdir()
        (folder / "log4j2.properties").write_text(LOGGING)
        (folder / POOLS_FILE).write_text(POOLS)
        (folder / spark_main.FILE).write_text(spark_main.SOURCE)
        settings = folder / "spark.properties"
        settings.touch(mode=0o600)
        settings.write_text(format_properties(properties))
        process = start_process(
            folder,
            _command(java, jars, folder, (*options, f"-Xmx{self._heap >> 20}m")),
            _environment(folder, token),
            Permissions(
                read=(*read, java.home, jars),
                bind_ports=ports,
                connect_ports=ports[1:],
                forward_port=ports[0],
                private_network=self._private,
                files_only=self.files_only,
                file_bytes=self.vigilance.disk_bytes,
            ),
            orphans=(trains_in or self._spool,),
            confined=self._confined,
            low_priority=trains_in is not None or self.apart,
        )
        connection = Connection(
            grpc.insecure_channel(f"unix:{process.address}", options=LOCAL_OPTIONS),
            user_id="calcmetric",
            metadata=(("authorization", f"Bearer {token}"),),
        )
        return process, connection


def _build_when_quiet(backend: weakref.ref[LocalSpark], over: threading.Event) -> None:
    """Build archives when the backend has nothing else to do; one that is forgotten is not kept by that."""
    while not over.wait(_LOOK_SECONDS):
        spark = backend()
        if spark is None or not spark.build_when_quiet():
            return
        del spark


def _environment(folder: Path, token: str) -> dict[str, str]:
    """All of the server's environment: nothing of the engine's."""
    return {
        "SPARK_CONNECT_AUTHENTICATE_TOKEN": token,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "127.0.0.1",
        "SPARK_USER": spark_main.USER,
        "SPARK_CONF_DIR": str(folder),
        "HOME": str(folder),
        "TZ": "UTC",
        "LANG": "C.UTF-8",
    }


def _command(java: Java, jars: Path, folder: Path, options: tuple[str, ...]) -> list[str]:
    """The command line; anyone on the machine may read it."""
    return [
        str(java.program),
        *options,
        *JAVA_OPTIONS,
        f"-Djava.io.tmpdir={folder / 'tmp'}",
        f"-Duser.home={folder}",
        f"-Duser.name={spark_main.USER}",
        f"-Dlog4j2.configurationFile=file:{folder / 'log4j2.properties'}",
        *opened_packages(),
        "-cp",
        f"{jars}/*",
        spark_main.COMPILER,
        str(folder / spark_main.FILE),
        spark_main.CLASS,
        "--properties-file",
        str(folder / "spark.properties"),
        "--class",
        _SERVER,
        "spark-internal",
    ]
