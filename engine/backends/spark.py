"""The local Spark Connect server: a Java process of our own, the reference for what a number should be.

Secrets (the Connect token, Spark's own secret) are in the environment and in a file of mode 0600, never
on the command line. Its three ports are chosen beforehand, because the kernel is told to refuse all others.
Once it answers, a thread asks it typical things, so that the first honest query does not pay for its classes,
and on a machine's first start goes on to build the class archives.
"""

from __future__ import annotations

import logging
import os
import secrets
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc

from engine.backends.archive import Archives, find_archives
from engine.backends.java import Java, find_jars, find_java, opened_packages
from engine.backends.local import Generation, LocalServer
from engine.backends.process import (
    Permissions,
    ServerProcess,
    find_free_ports,
    make_folder,
    start_process,
)
from engine.backends.rpc import LOCAL_OPTIONS, Connection
from engine.backends.session import ConnectSession
from engine.backends.spark_settings import JAVA_OPTIONS, LOGGING, format_properties, make_properties
from engine.backends.warm import warm_up
from engine.backends.watch import Vigilance
from engine.errors import CalcmetricError

_HEAP_BYTES: Final = 4 << 30
_MAIN: Final = "org.apache.spark.deploy.SparkSubmit"
_SERVER: Final = "org.apache.spark.sql.connect.service.SparkConnectServer"
_STILL_RUNNING: Final = b"is still running"  # the task reaper's words, every 100 ms
_REAPER_SECONDS: Final = 0.25
_IDLE_SESSIONS: Final = 4  # as many as runs go on at once, or nearly
_IDLE_SECONDS: Final = 1_200  # Spark forgets one after an hour
_POLL_SECONDS: Final = 0.1

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
        confined: False only for tests that take the confinement away.
    """

    name = "spark"
    interrupts = True
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
        confined: bool = True,
    ) -> None:
        super().__init__()
        self._private = private_network and confined  # both are the wall around the server
        self.vigilance = vigilance or self.vigilance
        self._read = (*roots, spool)
        self._spool = spool
        self._cache = cache_dir
        self._heap = heap_bytes
        self._confined = confined
        self._archives: Archives | None = None
        self._helper: threading.Thread | None = None
        self._training: ServerProcess | None = None
        self._asked = threading.Event()  # an honest session is open: no more warming up
        self._hurry = threading.Event()  # closing: no more training
        self._idle: list[_Idle] = []
        self._idle_lock = threading.Lock()

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
        """Warm the server up, and keep its classes if that was not done before."""
        arguments = (generation.connection, generation.process.folder, self._archives is None)
        self._helper = threading.Thread(
            target=self._help, args=arguments, name="calcmetric-warm", daemon=True
        )
        self._helper.start()

    def open_session(self, tenant: str = "") -> ConnectSession:
        """Open a session, or one that the tenant used before; see `Backend.open_session`."""
        connection = self.connection()
        self._asked.set()
        with self._idle_lock:
            fresh = time.monotonic() - _IDLE_SECONDS
            self._idle = [one for one in self._idle if one.connection is connection and one.since > fresh]
            for kept in reversed(self._idle):
                if kept.tenant == tenant:
                    self._idle.remove(kept)
                    return ConnectSession(self, kept.session_id, connection, tenant=tenant)
        return ConnectSession(self, tenant=tenant)

    def retire(self, connection: Connection, session_id: str, *, tenant: str, clean: bool) -> None:
        """Keep a session: the code that Spark makes for a query is of use in that session only.

        A metric changes nothing in it: plans bring their own views, and configuration is read-only. Should
        that ever fail, what it left is found by runs of the same tenant only.
        """
        with self._idle_lock:
            if clean and len(self._idle) < _IDLE_SESSIONS:
                self._idle.append(_Idle(connection, session_id, tenant, time.monotonic()))
                return
        connection.release(session_id)

    def wait_idle(self, connection: Connection, since: float, until: float) -> bool:
        """Whether Spark's task reaper has nothing to complain of any more; see `Endpoint`."""
        del since
        generation = self.generation
        if generation is None or generation.connection is not connection:
            return True  # it has ended meanwhile
        while True:
            end = generation.process.log_size()
            time.sleep(_REAPER_SECONDS)
            if _STILL_RUNNING not in generation.process.log_since(end):
                return True
            if time.monotonic() > until:
                return False

    def wait_archives(self, seconds: float) -> bool:
        """Wait for the class archives that a machine's first start builds beside the queries.

        For short-lived programs, once their work is done: `close` does not wait for them, since
        Ctrl-C must end at once.

        Returns:
            Whether nothing is left to build.
        """
        if (helper := self._helper) is not None:
            helper.join(seconds)
        return helper is None or not helper.is_alive()

    def close(self) -> None:
        """End the server, and the building of archives if that goes on. See `Backend.close`."""
        super().close()
        helper = self._helper
        if self.is_forked or helper is None:
            return
        self._hurry.set()
        while helper.is_alive():
            if (training := self._training) is not None:
                training.end()
            helper.join(_POLL_SECONDS)

    def _help(self, connection: Connection, folder: Path, build: bool) -> None:
        """What goes on beside honest queries; failures cost only speed."""
        try:
            warm_up(connection, folder / "tmp", lambda: not self._asked.is_set())
            if build and not connection.closed:
                java, jars = find_java(), find_jars()
                find_archives(java, jars, self._cache).build(java, self._train)
        except (CalcmetricError, OSError, subprocess.SubprocessError) as error:
            logger.debug("warming up or keeping classes failed: %s", error)

    def _train(self, archive: Path, options: tuple[str, ...]) -> None:
        """Run a server that loads what servers load, and writes an archive of it when it ends."""
        java, jars = find_java(), find_jars()
        folder = make_folder("spark", archive.parent)
        written = folder / "spark.jsa"
        options = (*options, f"-XX:ArchiveClassesAtExit={written}", "-XX:TieredStopAtLevel=1")
        read = (archive.parent.parent,)
        process, connection = self._launch(java, jars, options, read, folder, low_priority=True)
        self._training = process
        try:
            self.wait_answer(process, connection)
            warm_up(connection, process.folder / "tmp", lambda: not self._hurry.is_set())
            process.ask_to_finish()
            while process.is_alive(_POLL_SECONDS) and not self._hurry.is_set():
                continue
        finally:
            connection.close()
            if written.exists():
                written.replace(archive)
            process.end()
            self._training = None

    def _launch(
        self,
        java: Java,
        jars: Path,
        options: tuple[str, ...],
        read: tuple[Path, ...],
        folder: Path,
        *,
        low_priority: bool = False,
    ) -> tuple[ServerProcess, Connection]:
        """Start a Java process with these options in `folder`."""
        ports = find_free_ports(3)
        token = secrets.token_hex(32)
        cores = len(os.sched_getaffinity(0))
        properties = make_properties(
            str(folder), (ports[0], ports[1], ports[2]), secrets.token_hex(32), cores
        )
        for name in ("tmp", "local", "warehouse"):
            (folder / name).mkdir()
        (folder / "log4j2.properties").write_text(LOGGING)
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
                file_bytes=self.vigilance.disk_bytes,
            ),
            orphans=(self._spool,),
            confined=self._confined,
            low_priority=low_priority,
        )
        connection = Connection(
            grpc.insecure_channel(f"unix:{process.address}", options=LOCAL_OPTIONS),
            user_id="calcmetric",
            metadata=(("authorization", f"Bearer {token}"),),
        )
        return process, connection


def _environment(folder: Path, token: str) -> dict[str, str]:
    """All of the server's environment: nothing of the engine's."""
    return {
        "SPARK_CONNECT_AUTHENTICATE_TOKEN": token,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "127.0.0.1",
        "SPARK_USER": "calcmetric",
        "HADOOP_USER_NAME": "calcmetric",
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
        "-Duser.name=calcmetric",
        f"-Dlog4j2.configurationFile=file:{folder / 'log4j2.properties'}",
        *opened_packages(),
        "-cp",
        f"{jars}/*",
        _MAIN,
        "--properties-file",
        str(folder / "spark.properties"),
        "--class",
        _SERVER,
        "spark-internal",
    ]
