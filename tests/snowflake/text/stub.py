"""A connection for the genuine Snowpark client that keeps the SQL that it is given, and runs none of it.

Schemas are answered from DuckDB over the same columns, by sqlglot's own translation, where that works;
otherwise as one text column. Answers are empty, with one row of nulls where Snowpark asks for a row.
"""

from __future__ import annotations

import os
from typing import Any

import duckdb
import sqlglot

os.environ["SNOWFLAKE_DISABLE_MINICORE"] = "true"

import snowflake.snowpark  # noqa: F401 (before the private modules below)
from snowflake.connector.cursor import ResultMetadata, ResultMetadataV2
from snowflake.snowpark import DataFrame, Session

from tests.snowflake.text.table import DUCKDB_SCHEMA

_FIXED, _REAL, _TEXT, _DATE, _NTZ, _BOOLEAN = 0, 1, 2, 3, 8, 13
_CODES = {"DOUBLE": _REAL, "VARCHAR": _TEXT, "DATE": _DATE, "TIMESTAMP": _NTZ, "BOOLEAN": _BOOLEAN}


class Cursor:
    """Answers like the connector's cursor, as far as Snowpark asks."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.sfqid, self.query, self._request_id = "00000000-0000-0000-0000-000000000000", "", None
        self._query_result_format = "arrow"
        self.description: list[ResultMetadata] = []
        self.rowcount = 0

    def execute(self, query: str, **_: Any) -> Cursor:
        self.query = query
        self.connection.executed.append(query)
        self.description = [ResultMetadata(*one) for one in _describe(query)]
        return self

    def _describe_internal(self, query: str, **_: Any) -> list[ResultMetadataV2]:
        self.connection.described.append(query)
        return [
            ResultMetadataV2(name, kind, nullable, None, length, precision, scale)
            for name, kind, _, length, precision, scale, nullable in _describe(query)
        ]

    @property
    def _description_internal(self) -> list[ResultMetadataV2]:
        return [
            ResultMetadataV2(one.name, one.type_code, True, None, one.internal_size, one.precision, one.scale)
            for one in self.description
        ]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return [tuple(1 if one.type_code == _FIXED else None for one in self.description)]

    def __iter__(self) -> Any:
        return iter(self.fetchall())

    def fetch_pandas_all(self, **_: Any) -> Any:
        import pandas as pd

        return pd.DataFrame({one.name: [] for one in self.description})

    def get_results_from_sfqid(self, _query: str) -> None:
        """The answer is here already."""

    def fetch_pandas_batches(self, **_: Any) -> Any:
        return iter([self.fetch_pandas_all()])

    def close(self) -> None:
        """Nothing is open."""


class Connection:
    """What Session.builder takes for a connection."""

    def __init__(self) -> None:
        self._session_parameters: dict[str, Any] = {
            "PYTHON_SNOWPARK_REDUCE_DESCRIBE_QUERY_ENABLED": True,
        }
        self._telemetry = None
        self.telemetry_enabled = False
        self.session_id = 1
        self.database = self.schema = self.role = self.warehouse = self.account = self.user = "X"
        self._paramstyle, self.expired = "qmark", False
        self.executed: list[str] = []
        self.described: list[str] = []

    def cursor(self, *_: Any, **__: Any) -> Cursor:
        return Cursor(self)

    def is_closed(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing is open."""


def open_frame() -> tuple[Connection, Session, DataFrame]:
    """A session on a stub, and its frame."""
    connection = Connection()
    session = Session.builder.configs({"connection": connection}).create()
    return connection, session, session.table('"FRAME"')


_DUCKDB = duckdb.connect()
_DUCKDB.execute(f"CREATE TABLE FRAME ({DUCKDB_SCHEMA})")


def _describe(query: str) -> list[tuple[Any, ...]]:
    """Name, type code, display size, internal size, precision, scale and nullability of each column."""
    try:
        text = sqlglot.transpile(query, read="snowflake", write="duckdb")[0]
        columns = _DUCKDB.execute(f"DESCRIBE {text}").fetchall()
    except Exception:  # whatever it is that one of the two cannot do
        return [("COLUMN1", _TEXT, None, 16777216, None, None, True)]
    return [_metadata(name, kind) for name, kind, *_ in columns]


def _metadata(name: str, kind: str) -> tuple[Any, ...]:
    code = _CODES.get(kind, _FIXED if "INT" in kind or "DECIMAL" in kind else _TEXT)
    scale = int(kind.partition(",")[2].rstrip(")") or 0) if kind.startswith("DECIMAL") else 0
    precision = 38 if code == _FIXED else None
    length = 16777216 if code == _TEXT else None
    return name, code, None, length, precision, scale if code == _FIXED else None, True
