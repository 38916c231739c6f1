"""The local DuckDB process: the embedded engine for Snowpark frames, for local work and tests.

A process of its own, confined like the other local servers: it reads its roots only, has no way out, and is
behind a token. A query is taken back by closing the sending side of its connection; one that goes on all the
same ends the process, and queries of others that were in it are asked again. One thread starts it, and
whoever needs it waits for that one, as long as its own time allows.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import sys
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import sandbox.contract
from engine.backends.base import MOST_START_SECONDS, Capabilities
from engine.backends.duckdb_connection import DuckDbConnection
from engine.backends.duckdb_talk import Server
from engine.backends.local import refuse_fork, start_error
from engine.backends.memory import there_is
from engine.backends.process import (
    Permissions,
    ServerProcess,
    find_free_ports,
    make_folder,
    python_folders,
    start_process,
)
from engine.backends.sql import SqlBackend
from engine.backends.sql_session import DirectSqlSession
from engine.endings import tell_ending
from engine.errors import EngineClosed
from engine.threads import SingleFlight

# Of data, where there is twice as much; what does not fit is spilled.
_MEMORY_BYTES: Final = 8 << 30
# Beside DuckDB's own limit, which texts that a function makes are not counted in: Python, Arrow, stacks.
_MEMORY_BESIDE: Final = 2 << 30
_DISK_BYTES: Final = 16 << 30
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
    """

    name = "duckdb"
    capabilities = Capabilities(frames="snowpark", reader="duckdb")

    def __init__(
        self,
        roots: Sequence[Path],
        spool: Path,
        *,
        memory_bytes: int | None = None,
        disk_bytes: int = _DISK_BYTES,
        files_only: bool = False,
        confined: bool = True,
    ) -> None:
        self._pid = os.getpid()
        self._read = (*roots, spool)
        self.spool = spool
        self._memory = memory_bytes or min(_MEMORY_BYTES, there_is() // 2)
        self._disk = disk_bytes
        self._confined = confined
        self._files_only = files_only
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
        if server is not None:
            tell_ending("the local duckdb process", "its engine is closed", level=logging.DEBUG)
            self._finalize()

    def server(self, deadline: float | None = None, cancel: threading.Event | None = None) -> Server:
        """The running process, which is started if need be; see `Endpoint.connection`."""
        refuse_fork(self._pid)
        running = self._running()
        if running is not None and not running.process.is_alive():  # before a query is blamed for it
            self.end_server(running, "it died")
            running = None
        return running or self._start_of.get(lambda _: self._start_and_keep(), deadline, cancel)

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
        (port,) = find_free_ports(1)
        folder = make_folder("duckdb")
        token = secrets.token_hex(32)
        packages = Path(sandbox.contract.__file__).parents[2]
        options = {
            "port": port,
            "token": token,
            "folders": self._folders(folder),
            "settings": self._settings(folder),
        }
        permissions = Permissions(
            read=(*self._read, *python_folders(), packages / "engine", packages / "sandbox"),
            bind_ports=(port,),
            forward_port=port,
            files_only=self._files_only,
            memory_bytes=self._memory + _MEMORY_BESIDE,
            file_bytes=self._disk,
        )
        process = start_process(
            folder,
            [sys.executable, "-P", "-m", "engine.backends.duckdb_server"],
            {
                "TZ": "UTC",
                "HOME": str(folder),
                "PYTHONPATH": str(packages),
                "PYTHONDONTWRITEBYTECODE": "1",
                "CALCMETRIC_DUCKDB": json.dumps(options),
            },
            permissions,
            confined=self._confined,
            orphans=(self.spool,),
        )
        self._starting = process
        if self._closed:  # `close` may have come before there was anything to end
            process.end()
        return self._await(Server(process, token))

    def _folders(self, folder: Path) -> list[str]:
        """What DuckDB's own settings let it read; the kernel is told the same."""
        return [str(path) for path in (*self._read, folder)]

    def _settings(self, folder: Path) -> dict[str, Any]:
        return {
            "memory_limit": f"{self._memory // 2**20}MiB",
            "threads": len(os.sched_getaffinity(0)),
            "temp_directory": str(folder),
            "max_temp_directory_size": f"{self._disk // 2**20}MiB",
        }

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
