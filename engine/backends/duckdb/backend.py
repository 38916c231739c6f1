"""The local DuckDB process: the embedded engine for Snowpark frames, for local work and tests.

A process of its own, confined like the other local servers: it reads its roots only, has no way out, and is
behind a token. A query is taken back by closing the sending side of its connection; one that goes on all the
same ends the process, and queries of others that were in it are asked again. One thread starts it, and
whoever needs it waits for that one, as long as its own time allows.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.backends.base import MOST_START_SECONDS, refuse_fork
from engine.backends.duckdb.connection import DuckDbConnection
from engine.backends.duckdb.start import DISK_BYTES, Started, start_duckdb, wanted_process
from engine.backends.duckdb.talk import Server
from engine.backends.local.process import ServerProcess
from engine.backends.local.starting import start_error
from engine.backends.sql import SqlBackend
from engine.backends.sql_session import DirectSqlSession
from engine.context import UNBOUNDED, QueryContext
from engine.endings import tell_ending
from engine.errors import EngineClosed
from engine.models.backends import DUCKDB
from engine.threads import SingleFlight

_START_SECONDS: Final = 60.0
_TICK_SECONDS: Final = 0.05
_END_SECONDS: Final = 10.0  # on closing, for a start that has just been ended


class LocalDuckDb(SqlBackend):
    """A local DuckDB process.

    Args:
        roots: the folders that it may read.
        spool: where the engine puts data for it; readable too.
        memory_bytes: the most that it may use for data; by default half of what there is, 8 GiB at most.
        disk_bytes: the most of its folder that it may fill with what does not fit.
        files_only: whether it may start where nothing confines its network.
        confined: False only for tests that take the confinement away.
        ahead: a process that was started beforehand, as all of that says; taken over.
    """

    name = "duckdb"
    capabilities = DUCKDB

    def __init__(
        self,
        roots: Sequence[Path],
        spool: Path,
        *,
        memory_bytes: int | None = None,
        disk_bytes: int = DISK_BYTES,
        files_only: bool = False,
        confined: bool = True,
        ahead: Started | None = None,
    ) -> None:
        self._pid = os.getpid()
        self.spool = spool
        self._wanted = wanted_process(
            roots,
            spool,
            memory_bytes=memory_bytes,
            disk_bytes=disk_bytes,
            files_only=files_only,
            confined=confined,
        )
        self._ahead = ahead
        self._lock = threading.Lock()
        self._closed = False
        self._server: Server | None = None
        self._start_of: SingleFlight[Server] = SingleFlight("calcmetric-server", lingers=MOST_START_SECONDS)
        self._starting: ServerProcess | None = None
        self._finalize = weakref.finalize(self, _end, None, self._pid)

    @property
    def is_private(self) -> bool | None:
        """Whether nobody else on this machine reaches its port; None while it does not run."""
        with self._lock:
            server = self._server
        return None if server is None else server.process.is_private

    def start(self) -> None:
        """Start the process unless it runs; see `Backend.start`."""
        self.server()

    def open_session(self, tenant: str = "") -> DirectSqlSession:  # noqa: ARG002 - sessions are not kept
        """Open a session; see `Backend.open_session`."""
        self.server()
        return DirectSqlSession(DuckDbConnection(self))

    def close(self) -> None:
        """End the process; see `Backend.close`."""
        if os.getpid() != self._pid:
            return
        self._closed = True
        if (starting := self._starting) is not None:
            starting.end()  # so that whoever waits for its start stops waiting
        self._start_of.wait_idle(_END_SECONDS)
        with self._lock:
            server, self._server = self._server, None
        if (ahead := self._take_ahead()) is not None:
            ahead.process.end()
        if server is not None:
            tell_ending("the local duckdb process", "its engine is closed", level=logging.DEBUG)
            self._finalize()

    def server(self, context: QueryContext = UNBOUNDED) -> Server:
        """The running process, which is started if need be; see `Endpoint.connection`."""
        refuse_fork(self._pid)
        running = self._running()
        if running is not None and not running.process.is_alive():  # before a query is blamed for it
            self.end_server(running, "it died")
            running = None
        return running or self._start_of.get(lambda _: self._start_and_keep(), context)

    def _running(self) -> Server | None:
        with self._lock:
            if self._closed:
                raise EngineClosed("this backend is closed; make a new engine")
            return self._server

    def _start_and_keep(self) -> Server:
        """Start a process, unless another thread has just done that."""
        if (running := self._running()) is not None:
            return running
        server = self._launch()
        with self._lock:
            self._starting = None
            unwanted = self._closed or self._server is not None  # a start that was taken for hung
            if not unwanted:
                self._server = server
                self._finalize = weakref.finalize(self, _end, server.process, self._pid)
        if unwanted:
            tell_ending("a local duckdb process", "another was started instead", level=logging.INFO)
            server.process.end()
            return self._start_and_keep()
        return server

    def end_server(self, server: Server, reason: str) -> None:
        """End a process; the next use starts another."""
        with self._lock:
            if self._server is server:
                self._server = None
                tell_ending("the local duckdb process", f"{reason}; the next query starts another")
        server.process.end()

    def _launch(self) -> Server:
        started = self._take_ahead()
        if started is not None and started.wanted != self._wanted:  # it may read something else
            started.process.end()
            started = None
        started = started or start_duckdb(self._wanted)
        process = self._starting = started.process
        if self._closed:  # `close` may have come before there was anything to end
            process.end()
        return self._await(Server(process, started.token))

    def _take_ahead(self) -> Started | None:
        with self._lock:
            ahead, self._ahead = self._ahead, None
        return ahead

    def _await(self, server: Server) -> Server:
        process = server.process
        grace = process.grace(_START_SECONDS)
        while not process.is_listening():
            late = not grace.left()
            if late or not process.is_alive(_TICK_SECONDS / 5):
                what = f"it did not answer within {_START_SECONDS:g} s" if late else "it ended while starting"
                tell_ending("a local duckdb process that starts", what, level=logging.INFO)
                error = start_error("the local duckdb process", what, process)
                process.end()
                if self._closed:
                    raise EngineClosed("the backend was closed while it started")
                raise error
        return server


def _end(process: ServerProcess | None, owner: int) -> None:
    """End a process; not from a forked child, which inherits finalizers and exits as well."""
    if process is not None and os.getpid() == owner:
        process.end()
