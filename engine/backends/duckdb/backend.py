"""The local DuckDB process: the embedded engine for Snowpark frames, for local work and tests.

A process of its own, confined like the other local servers: it reads its roots only, has no way out, and is
behind a token. A query is taken back by closing the sending side of its connection; one that goes on all the
same ends the process, and queries of others that were in it are asked again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.backends.duckdb.connection import DuckDbConnection
from engine.backends.duckdb.start import Started, start_duckdb, wanted_process
from engine.backends.duckdb.talk import DuckDbServer
from engine.backends.local.slot import ServerSlot
from engine.backends.local.starting import start_error
from engine.backends.sql import SqlBackend
from engine.context import UNBOUNDED, QueryContext
from engine.endings import tell_ending
from engine.errors import EngineClosed
from engine.models.backends import DUCKDB

if TYPE_CHECKING:
    from engine.backends.sql_session import DirectSqlSession

_START_SECONDS: Final = 60.0
_TICK_SECONDS: Final = 0.05


class LocalDuckDb(SqlBackend):
    """A local DuckDB process.

    Args:
        roots: the folders that it may read.
        spool: where the engine puts data for it; readable too.
        memory_bytes: the most that it may use for data; by default half of what there is, 8 GiB at most.
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
        files_only: bool = False,
        confined: bool = True,
        ahead: Started | None = None,
    ) -> None:
        self.spool = spool
        self._wanted = wanted_process(
            roots,
            spool,
            memory_bytes=memory_bytes,
            files_only=files_only,
            confined=confined,
        )
        self._ahead = ahead
        self._lock = threading.Lock()
        self._slot = ServerSlot[DuckDbServer]("local duckdb process")

    @property
    def is_private(self) -> bool | None:
        """Whether nobody else on this machine reaches its port; None while it does not run."""
        server = self._slot.running
        return None if server is None else server.process.is_private

    def start(self) -> None:
        """Start the process unless it runs; see `Backend.start`."""
        self.server()

    def open_session(self, tenant: str = "") -> DirectSqlSession:  # noqa: ARG002 - sessions are not kept
        """Open a session; see `Backend.open_session`."""
        self.server()
        from engine.backends.sql_session import DirectSqlSession  # loads what reads Snowflake's SQL

        return DirectSqlSession(DuckDbConnection(self))

    def close(self) -> None:
        """End the process; see `Backend.close`."""
        if self._slot.is_forked:
            return
        self._slot.close()
        if (ahead := self._take_ahead()) is not None:
            ahead.process.end()

    def server(self, context: QueryContext = UNBOUNDED) -> DuckDbServer:
        """The running process, which is started if need be; see `Endpoint.connection`."""
        running = self._slot.usable()
        if running is not None and not running.process.is_alive():  # before a query is blamed for it
            self.end_server(running, "it died")
        return self._slot.get(self._start, context)

    def end_server(self, server: DuckDbServer, reason: str) -> None:
        """End a process; the next use starts another."""
        if self._slot.forget(server):
            tell_ending("the local duckdb process", f"{reason}; the next query starts another")
        server.end()

    def _start(self) -> DuckDbServer:
        started = self._take_ahead()
        if started is not None and started.wanted != self._wanted:  # it may read something else
            started.process.end()
            started = None
        started = started or start_duckdb(self._wanted)
        self._slot.note_starting(started.process)
        return self._await(DuckDbServer(started.process, started.token))

    def _take_ahead(self) -> Started | None:
        with self._lock:
            ahead, self._ahead = self._ahead, None
        return ahead

    def _await(self, server: DuckDbServer) -> DuckDbServer:
        process = server.process
        grace = process.grace(_START_SECONDS)
        while not process.is_listening():
            late = not grace.left()
            if late or not process.is_alive(_TICK_SECONDS / 5):
                what = f"it did not answer within {_START_SECONDS:g} s" if late else "it ended while starting"
                tell_ending("a local duckdb process that starts", what, level=logging.INFO)
                error = start_error("the local duckdb process", what, process)
                process.end()
                if self._slot.is_closed:
                    raise EngineClosed("the backend was closed while it started")
                raise error
        return server
