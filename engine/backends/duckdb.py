"""The local DuckDB process: the embedded engine for Snowpark frames, for local work and tests.

A process of its own, confined like the other local servers: it reads its roots only, has no way out, and is
behind a token. A query is taken back by closing the sending side of its connection; one that goes on all the
same ends the process, and queries of others that were in it are asked again.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import secrets
import socket
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyspark.sql.connect.proto as pb
from sqlglot import exp

import sandbox.contract
from engine.backends.duckdb_types import columns_of
from engine.backends.duckdb_wire import Message, Reader, send_json, split_rows
from engine.backends.local import refuse_fork
from engine.backends.process import (
    Permissions,
    ServerProcess,
    find_free_ports,
    make_folder,
    start_process,
)
from engine.backends.sail import python_folders
from engine.backends.sql import DirectSqlSession, Rows, SqlBackend, SqlConnection
from engine.errors import BackendError, BackendLost, BackendStartError, DataError, EngineClosed, Interrupted
from engine.ownsql import DIALECTS
from sandbox.contract.messages import Described

_MEMORY_BYTES: Final = 8 << 30
_DISK_BYTES: Final = 16 << 30
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 2.0
_TICK_SECONDS: Final = 0.05
_READERS: Final = {"parquet": "READ_PARQUET", "csv": "READ_CSV", "json": "READ_JSON"}


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
        self._server: _Server | None = None
        self._finalize = weakref.finalize(self, _nothing)

    def start(self) -> None:
        """Start the process unless it runs; see `Backend.start`."""
        self.server()

    def open_session(self) -> DirectSqlSession:
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

    def server(self) -> _Server:
        """The running process, which is started if need be."""
        refuse_fork(self._pid)
        with self._lock:
            if self._closed:
                raise EngineClosed("this backend is closed; make a new engine")
            if self._server is None:
                self._server = self._launch()
                self._finalize = weakref.finalize(self, self._server.process.end)
            return self._server

    def end_server(self, server: _Server) -> None:
        """End a process; the next use starts another."""
        with self._lock:
            if self._server is server:
                self._server = None
        server.process.end()

    def _launch(self) -> _Server:
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
        return self._await(_Server(process, token))

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

    def _await(self, server: _Server) -> _Server:
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


class _Server:
    """A running process, and the word that it answers to."""

    def __init__(self, process: ServerProcess, token: str) -> None:
        self.process = process
        self._token = token

    def ask(self, question: Mapping[str, str]) -> socket.socket:
        """Open a connection with a question; the answer comes on it.

        Raises:
            OSError: the process is gone.
        """
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(self.process.address)
            send_json(sock, Message.ASK, {**question, "token": self._token})
        except BaseException:
            sock.close()
            raise
        return sock


class DuckDbConnection(SqlConnection):
    """Asks the process; what it keeps of a dataset is removed when it is closed."""

    dialect = DIALECTS["duckdb"]

    def __init__(self, backend: LocalDuckDb) -> None:
        self._backend = backend
        self._sources: dict[bytes, tuple[_Server, exp.Query]] = {}
        self._kept: list[tuple[_Server, str]] = []
        self._lock = threading.Lock()

    def run(
        self, text: str, *, deadline: float | None, cancel: threading.Event | None
    ) -> Iterator[Described | Rows]:
        """Run a query; see `SqlConnection.run`."""
        return self._ask(self._backend.server(), {"do": "query", "sql": text}, deadline, cancel)

    def describe(self, text: str, *, deadline: float | None, cancel: threading.Event | None) -> Described:
        """The columns of a query; see `SqlConnection.describe`."""
        server = self._backend.server()
        parts = list(self._ask(server, {"do": "describe", "sql": text}, deadline, cancel))
        if len(parts) != 1 or not isinstance(parts[0], Described):
            raise BackendLost("the local duckdb process gave no columns")
        return parts[0]

    def source(self, relation: pb.Relation) -> exp.Query:
        """The query that reads a dataset's files, its columns in capital letters as Snowflake has them."""
        key = relation.SerializeToString(deterministic=True)
        with self._lock:
            server = self._backend.server()
            known = self._sources.get(key)
            if known is None or known[0] is not server:
                known = self._sources[key] = server, self._open(server, relation)
            return known[1].copy()

    def close(self) -> None:
        """Remove what was kept; see `SqlConnection.close`."""
        for server, path in self._kept:
            with contextlib.suppress(BackendError, Interrupted):
                list(self._ask(server, {"do": "drop", "path": path}, time.monotonic() + _STOP_SECONDS, None))

    def _open(self, server: _Server, relation: pb.Relation) -> exp.Query:
        if relation.WhichOneof("rel_type") != "read" or not relation.read.HasField("data_source"):
            raise DataError("the backend 'duckdb' reads files and tables that are handed to it, no others")
        source = relation.read.data_source
        reading = exp.select(exp.Star()).from_(_reader(source.format, source.paths, dict(source.options)))
        if source.format != "parquet":  # text is read once, and its types are found once
            path = str(server.process.folder / f"{secrets.token_hex(16)}.parquet")
            self._kept.append((server, path))
            order = {"do": "keep", "sql": reading.sql(dialect="duckdb"), "path": path}
            list(self._ask(server, order, None, None))
            reading = exp.select(exp.Star()).from_(_reader("parquet", [path], {}))
        question = {"do": "describe", "sql": reading.sql(dialect="duckdb")}
        (described,) = self._ask(server, question, None, None)
        assert isinstance(described, Described)
        return _in_capitals(reading, [column.name for column in described.columns])

    def _ask(
        self,
        server: _Server,
        question: Mapping[str, str],
        deadline: float | None,
        cancel: threading.Event | None,
    ) -> Iterator[Described | Rows]:
        try:
            with server.ask(question) as sock:
                yield from _Conversation(sock, deadline, cancel).parts()
        except _WillNotStop as stubborn:
            self._backend.end_server(server)
            raise Interrupted(stubborn.reason) from None
        except (OSError, EOFError, ValueError):
            self._backend.end_server(server)
            raise BackendLost("the local duckdb process ended over a query") from None


class _WillNotStop(Exception):
    """A query that was taken back goes on."""

    def __init__(self, reason: Any) -> None:
        super().__init__(reason)
        self.reason = reason


class _Conversation:
    """One answer, as it comes."""

    def __init__(self, sock: socket.socket, deadline: float | None, cancel: threading.Event | None) -> None:
        self._sock = sock
        self._reader = Reader(sock)
        self._deadline = deadline
        self._cancel = cancel
        sock.settimeout(_TICK_SECONDS)

    def parts(self) -> Iterator[Described | Rows]:
        """Columns, then rows."""
        while True:
            kind, payload = self._next()
            if kind is Message.END:
                return
            if kind is Message.COLUMNS:
                yield Described(columns_of(json.loads(bytes(payload))))
            elif kind is Message.ROWS:
                yield Rows(*split_rows(payload))
            elif kind is Message.FAILED:
                told = json.loads(bytes(payload))
                raise BackendError(told["text"], exception=f"duckdb.{told['class']}")

    def _next(self) -> tuple[Message, memoryview]:
        while True:
            reason = self._overdue()
            if reason is not None:
                self._take_back(reason)
            try:
                return self._reader.read()
            except TimeoutError:
                continue

    def _overdue(self) -> str | None:
        if self._cancel is not None and self._cancel.is_set():
            return "cancelled"
        if self._deadline is not None and time.monotonic() >= self._deadline:
            return "deadline"
        return None

    def _take_back(self, reason: Any) -> None:
        """Have the query stopped, and raise `Interrupted` once it has."""
        self._sock.shutdown(socket.SHUT_WR)
        until = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                kind, _ = self._reader.read()
                if kind in (Message.END, Message.FAILED):
                    raise Interrupted(reason)
        raise _WillNotStop(reason)


def _reader(file_format: str, paths: Sequence[str], options: Mapping[str, str]) -> exp.Expression:
    """The table function that reads files; folders are read with the Hive partitions in their names."""
    names = [exp.Literal.string(file) for path in paths for file in _files(Path(path))]
    arguments: list[exp.Expression] = [exp.Array(expressions=names)]
    given: dict[str, exp.Expression] = {"union_by_name": exp.true()}
    if any(Path(path).is_dir() for path in paths):
        given["hive_partitioning"] = exp.true()
    if file_format == "csv":
        given |= {"header": exp.true(), "sample_size": exp.Literal.number(-1)}
        if "sep" in options:
            given["delim"] = exp.Literal.string(options["sep"])
    if file_format == "json":
        given |= {"format": exp.Literal.string("newline_delimited"), "sample_size": exp.Literal.number(-1)}
    arguments += [exp.EQ(this=exp.to_identifier(name), expression=value) for name, value in given.items()]
    return exp.Table(this=exp.Anonymous(this=_READERS[file_format], expressions=arguments))


def _files(path: Path) -> list[str]:
    """A file, or the files of a folder but for hidden ones."""
    if not path.is_dir():
        return [str(path)]
    found: list[str] = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name[0] not in "_.")
        found += [str(Path(folder) / name) for name in sorted(names) if name[0] not in "_."]
    return found


def _in_capitals(reading: exp.Select, names: Sequence[str]) -> exp.Query:
    """The same rows under names in capital letters, which is what unquoted names mean in Snowflake."""
    inner = reading.subquery(exp.to_identifier("_calcmetric_f", quoted=True))
    columns = [
        exp.alias_(exp.column(exp.to_identifier(name, quoted=True)), name.upper(), quoted=True)
        for name in names
    ]
    return exp.Select().from_(inner).select(*columns, copy=False)


def _nothing() -> None:
    """What there is to do at the end of a backend that has started nothing."""
