"""A session on the local DuckDB process."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Iterator, Mapping
from typing import Final, Protocol

import pyarrow as pa
import pyspark.sql.connect.proto as pb
from sqlglot import exp

from engine.backends.duckdb.files import in_capitals, read_query
from engine.backends.duckdb.talk import Conversation, DuckDbServer, WillNotStop
from engine.backends.sql import RowBatch, SqlConnection
from engine.context import UNBOUNDED, QueryContext
from engine.errors import BackendError, BackendLost, DataError, Interrupted
from engine.threads import SingleFlight
from engine.writing import DIALECTS
from sandbox.contract.messages import Described

_DROP_SECONDS: Final = 2.0


class DuckDbServers(Protocol):
    """Gives the process that runs now."""

    def server(self, context: QueryContext = UNBOUNDED) -> DuckDbServer:
        """The running process, which is started if need be; see `Endpoint.connection`."""
        ...

    def end_server(self, server: DuckDbServer, reason: str) -> None:
        """End a process; the next use starts another."""
        ...


class StoppedWithProcess(Interrupted):
    """A query was taken back, went on all the same, and was ended with its process."""


class DuckDbConnection(SqlConnection):
    """Asks the process; what it keeps of a dataset is removed when it is closed."""

    dialect = DIALECTS["duckdb"]

    def __init__(self, backend: DuckDbServers) -> None:
        self._backend = backend
        self._sources: dict[bytes, tuple[DuckDbServer, exp.Query]] = {}
        self._kept: list[tuple[DuckDbServer, str]] = []
        self._lock = threading.Lock()
        self._opening: dict[bytes, SingleFlight[tuple[DuckDbServer, exp.Query]]] = {}

    def run(self, text: str, context: QueryContext) -> Iterator[Described | RowBatch]:
        """Run a query; see `SqlConnection.run`."""
        server = self._backend.server(context)
        return self._ask(server, {"do": "query", "sql": text}, context)

    def rows(
        self, server: DuckDbServer, text: str, context: QueryContext, *, one: bool = False
    ) -> Iterator[RowBatch]:
        """The rows of a query to a running process, its nested values as they are.

        Args:
            server: the process.
            text: the query.
            context: as for `run`.
            one: whether it gives one row.

        Raises:
            StoppedWithProcess: it had to be stopped, and the process was ended with it.
            Interrupted, BackendLost, BackendError: as `run`.
        """
        for part in self._ask(server, {"do": "row" if one else "rows", "sql": text}, context):
            if isinstance(part, RowBatch):
                yield part

    def describe(self, text: str, context: QueryContext) -> Described:
        """The columns of a query; see `SqlConnection.describe`."""
        server = self._backend.server(context)
        parts = list(self._ask(server, {"do": "describe", "sql": text}, context))
        if len(parts) != 1 or not isinstance(parts[0], Described):
            raise BackendLost("the local duckdb process gave no columns")
        return parts[0]

    def source(self, relation: pb.Relation, context: QueryContext) -> exp.Query:
        """The query that reads a dataset's files, its columns in capital letters as Snowflake has them."""
        key = relation.SerializeToString(deterministic=True)
        server = self._backend.server(context)
        with self._lock:
            known = self._sources.get(key)
            opening = self._opening.setdefault(key, SingleFlight("calcmetric-open"))
        if known is None or known[0] is not server:
            known = opening.get(
                lambda unwanted: self._open_and_keep(key, server, relation, unwanted), context
            )
        return known[1].copy()

    def close(self) -> None:
        """Remove what was kept; see `SqlConnection.close`."""
        with self._lock:
            kept, self._kept = self._kept, []
        for server, path in kept:
            with contextlib.suppress(BackendError, Interrupted):
                list(self._ask(server, {"do": "drop", "path": path}, UNBOUNDED.within(_DROP_SECONDS)))

    def _open_and_keep(
        self, key: bytes, server: DuckDbServer, relation: pb.Relation, unwanted: threading.Event
    ) -> tuple[DuckDbServer, exp.Query]:
        """Open a dataset for all that wait for it, unless another thread has just done that."""
        with self._lock:
            known = self._sources.get(key)
        if known is None or known[0] is not server:
            known = server, self._open(server, relation, QueryContext(cancel=unwanted))
            with self._lock:
                self._sources[key] = known
        return known

    def _open(self, server: DuckDbServer, relation: pb.Relation, wanted: QueryContext) -> exp.Query:
        if relation.WhichOneof("rel_type") != "read" or not relation.read.HasField("data_source"):
            raise DataError("the backend 'duckdb' reads files and tables that are handed to it, no others")
        source = relation.read.data_source
        reading = read_query(source.format, source.paths, dict(source.options), source.schema)
        if source.format != "parquet":  # text is read once, and its types are found once
            path = str(server.process.folder / f"{secrets.token_hex(16)}.parquet")
            with self._lock:
                self._kept.append((server, path))
            order = {"do": "keep", "sql": reading.sql(dialect="duckdb"), "path": path}
            list(self._ask(server, order, wanted))
            reading = read_query("parquet", [path], {}, "")
        described = f"SELECT column_name, column_type FROM (DESCRIBE {reading.sql(dialect='duckdb')})"  # noqa: S608
        parts = self._ask(server, {"do": "query", "sql": described}, wanted)
        tables = [pa.ipc.open_stream(part.data).read_all() for part in parts if isinstance(part, RowBatch)]
        names, kinds = pa.concat_tables(tables).columns
        return in_capitals(reading, dict(zip(names.to_pylist(), kinds.to_pylist(), strict=True)))

    def _ask(
        self, server: DuckDbServer, question: Mapping[str, str], context: QueryContext
    ) -> Iterator[Described | RowBatch]:
        try:
            with server.ask(question, context.deadline) as sock:
                yield from Conversation(sock, context, server.process.grace).parts()
        except WillNotStop as stubborn:
            server.condemned = True
            self._backend.end_server(server, "a query went on after it was taken back")
            raise StoppedWithProcess(stubborn.reason) from None
        except (OSError, EOFError, ValueError) as error:
            self._backend.end_server(server, f"it ended over a query ({type(error).__name__})")
            raise BackendLost("the local duckdb process ended over a query") from None
