"""The local DuckDB process: the embedded engine for Snowpark frames, for local work and tests.

A process of its own, confined like the other local servers: it reads its roots only, has no way out, and is
behind a token. A query is taken back by closing the sending side of its connection; one that goes on all the
same ends the process, and queries of others that were in it are asked again.
"""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import sandbox.contract
from engine.backends.duckdb_connection import DuckDbConnection
from engine.backends.duckdb_talk import Server
from engine.backends.local import refuse_fork
from engine.backends.process import (
    Permissions,
    ServerProcess,
    find_free_ports,
    make_folder,
    start_process,
)
from engine.backends.sail import python_folders
from engine.backends.sql import SqlBackend
from engine.backends.sql_session import DirectSqlSession
from engine.errors import BackendStartError, EngineClosed

_MEMORY_BYTES: Final = 8 << 30
# Beside DuckDB's own limit, which texts that a function makes are not counted in: Python, Arrow, stacks.
_MEMORY_BESIDE: Final = 2 << 30
_DISK_BYTES: Final = 16 << 30
_START_SECONDS: Final = 60.0
_TICK_SECONDS: Final = 0.05


class LocalDuckDb(SqlBackend):
    """A local DuckDB process; needs the extra `calcmetric[duckdb]`.

    Args:
        roots: the folders that it may read.
        spool: where the engine puts data for it; readable too.
        memory_bytes: the most that it may use for data.
        confined: False only for tests that take the confinement away.
    """

    name = "duckdb"

    def __init__(
        self, roots: Sequence[Path], spool: Path, *, memory_bytes: int = _MEMORY_BYTES, confined: bool = True
    ) -> None:
        self._pid = os.getpid()
        self._read = (*roots, spool)
        self._spool = spool
        self._memory = memory_bytes
        self._confined = confined
        self._lock = threading.Lock()
        self._closed = False
        self._server: Server | None = None
        self._finalize = weakref.finalize(self, _end, None, self._pid)

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
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            self._finalize()

    def server(self) -> Server:
        """The running process, which is started if need be."""
        refuse_fork(self._pid)
        with self._lock:
            if self._closed:
                raise EngineClosed("this backend is closed; make a new engine")
            if self._server is None:
                self._server = self._launch()
                self._finalize = weakref.finalize(self, _end, self._server.process, self._pid)
            return self._server

    def end_server(self, server: Server) -> None:
        """End a process; the next use starts another."""
        with self._lock:
            if self._server is server:
                self._server = None
        server.process.end()

    def _launch(self) -> Server:
        if importlib.util.find_spec("duckdb") is None:
            raise BackendStartError("the backend 'duckdb' needs duckdb: pip install 'calcmetric[duckdb]'")
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
            memory_bytes=self._memory + _MEMORY_BESIDE,
            file_bytes=_DISK_BYTES,
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
            orphans=(self._spool,),
        )
        return self._await(Server(process, token))

    def _folders(self, folder: Path) -> list[str]:
        """What DuckDB's own settings let it read; the kernel is told the same."""
        return [str(path) for path in (*self._read, folder)]

    def _settings(self, folder: Path) -> dict[str, Any]:
        return {
            "memory_limit": f"{self._memory // 2**20}MiB",
            "threads": len(os.sched_getaffinity(0)),
            "temp_directory": str(folder),
            "max_temp_directory_size": f"{_DISK_BYTES // 2**20}MiB",
        }

    def _await(self, server: Server) -> Server:
        began, process = time.monotonic(), server.process
        while not process.is_listening():
            late = time.monotonic() - began > _START_SECONDS
            if late or not process.is_alive(_TICK_SECONDS / 5):
                error = BackendStartError(
                    "the local duckdb process could not be started. "
                    "`calcmetric doctor` shows what this machine lacks"
                )
                error.detail = process.log_tail()
                process.end()
                raise error
        return server


def _end(process: ServerProcess | None, owner: int) -> None:
    """End a process; not from a forked child, which inherits finalizers and exits as well."""
    if process is not None and os.getpid() == owner:
        process.end()
