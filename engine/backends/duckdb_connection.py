"""A session on the local DuckDB process."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Final, Protocol

import pyspark.sql.connect.proto as pb
from sqlglot import exp

from engine.backends.duckdb_files import in_capitals, read_query
from engine.backends.duckdb_talk import Conversation, Server, WillNotStop
from engine.backends.sql import Rows, SqlConnection
from engine.errors import BackendError, BackendLost, DataError, Interrupted
from engine.ownsql import DIALECTS
from sandbox.contract.messages import Described

_DROP_SECONDS: Final = 2.0


class Servers(Protocol):
    """Gives the process that runs now."""

    def server(self) -> Server:
        """The running process, which is started if need be."""
        ...

    def end_server(self, server: Server) -> None:
        """End a process; the next use starts another."""
        ...


class DuckDbConnection(SqlConnection):
    """Asks the process; what it keeps of a dataset is removed when it is closed."""

    dialect = DIALECTS["duckdb"]

    def __init__(self, backend: Servers) -> None:
        self._backend = backend
        self._sources: dict[bytes, tuple[Server, exp.Query]] = {}
        self._kept: list[tuple[Server, str]] = []
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
                list(self._ask(server, {"do": "drop", "path": path}, time.monotonic() + _DROP_SECONDS, None))

    def _open(self, server: Server, relation: pb.Relation) -> exp.Query:
        if relation.WhichOneof("rel_type") != "read" or not relation.read.HasField("data_source"):
            raise DataError("the backend 'duckdb' reads files and tables that are handed to it, no others")
        source = relation.read.data_source
        reading = read_query(source.format, source.paths, dict(source.options))
        if source.format != "parquet":  # text is read once, and its types are found once
            path = str(server.process.folder / f"{secrets.token_hex(16)}.parquet")
            self._kept.append((server, path))
            order = {"do": "keep", "sql": reading.sql(dialect="duckdb"), "path": path}
            list(self._ask(server, order, None, None))
            reading = read_query("parquet", [path], {})
        question = {"do": "describe", "sql": reading.sql(dialect="duckdb")}
        (described,) = self._ask(server, question, None, None)
        assert isinstance(described, Described)
        return in_capitals(reading, [column.name for column in described.columns])

    def _ask(
        self,
        server: Server,
        question: Mapping[str, str],
        deadline: float | None,
        cancel: threading.Event | None,
    ) -> Iterator[Described | Rows]:
        try:
            with server.ask(question) as sock:
                yield from Conversation(sock, deadline, cancel).parts()
        except WillNotStop as stubborn:
            self._backend.end_server(server)
            raise Interrupted(stubborn.reason) from None
        except (OSError, EOFError, ValueError):
            self._backend.end_server(server)
            raise BackendLost("the local duckdb process ended over a query") from None
