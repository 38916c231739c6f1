"""A fakesnow server in a process of its own: what answers Snowflake's genuine connector in tests.

fakesnow changes sqlglot's dialects for the whole process that imports it, so it never shares the engine's.
It wants an older sqlglot than the engine, which it gets along without: pip install --no-deps fakesnow.
"""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.backends.snowflake.backend import Snowflake
from engine.backends.snowflake.connection import SnowflakeConnection
from engine.backends.sql import RowBatch
from engine.backends.sql_session import DirectSqlSession
from engine.context import QueryContext
from sandbox.contract.messages import Described

NAME = "fake"
TABLE = "CORPUS.PUBLIC.PAYMENTS"
MISSING = "fakesnow is not installed: pip install --no-deps 'fakesnow>=0.12,<0.13'"


class OneAtATime(SnowflakeConnection):
    """A session whose queries wait for each other: fakesnow mixes up those that run at the same time."""

    def __init__(self, connection: Any, give_back: Callable[[Any], None]) -> None:
        super().__init__(connection, give_back)
        self._turn = threading.Lock()

    def run(self, text: str, context: QueryContext) -> Iterator[Described | RowBatch]:
        with self._turn:
            yield from list(super().run(text, context))

    def describe(self, text: str, context: QueryContext) -> Described:
        with self._turn:
            return super().describe(text, context)


class FakeSnowflake(Snowflake):
    """Snowflake as fakesnow plays it."""

    def open_session(self, tenant: str = "") -> DirectSqlSession:
        return DirectSqlSession(OneAtATime(self.take(), self.give_back))


def is_installed() -> bool:
    """Whether there is a fakesnow to be started."""
    return importlib.util.find_spec("fakesnow") is not None


@contextlib.contextmanager
def serve(folder: Path, table: pa.Table) -> Iterator[Path]:
    """Run a server that has the table; yield the connections.toml that names it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "fakesnow", "-s", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_listening(port, process)
        connections = folder / "connections.toml"
        connections.write_text(
            f'[{NAME}]\naccount = "fakesnow"\nuser = "fake"\npassword = "snow"\nhost = "localhost"\n'
            f'port = {port}\nprotocol = "http"\ndatabase = "CORPUS"\nschema = "PUBLIC"\nlogin_timeout = 20\n'
        )
        connections.chmod(0o600)
        _load(connections, folder, table)
        yield connections
    finally:
        process.terminate()
        process.wait(60)


def _wait_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        assert process.poll() is None and time.monotonic() < until, "fakesnow does not start"
        time.sleep(0.05)


def _load(connections: Path, folder: Path, table: pa.Table) -> None:
    import snowflake.connector

    path = folder / "payments.parquet"
    pq.write_table(table.rename_columns([name.upper() for name in table.column_names]), path)
    with snowflake.connector.connect(connection_name=NAME, connections_file_path=connections) as connection:
        # fakesnow hands what it does not know to DuckDB, which reads files.
        connection.cursor().execute(f"CREATE TABLE {TABLE} AS SELECT * FROM READ_PARQUET('{path}')")
