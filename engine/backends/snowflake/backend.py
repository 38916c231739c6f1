"""Snowflake, through its own connector: `snowflake://NAME`, a connection of the user's connections.toml.

Key pairs, OAuth and everything else about logging in is the connector's part. A run has a Snowflake session
of its own while it lasts; sessions that ended well are used again. Each statement is a SELECT that the engine
wrote; what else the role may do is for its grants to say (see docs/snowflake.md).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from engine.backends.snowflake.connection import SnowflakeConnection, log_out
from engine.backends.sql import SqlBackend
from engine.errors import BackendStartError, EngineClosed
from engine.models.backends import SNOWFLAKE, SNOWFLAKE_SCHEME
from engine.results.text import clean_text

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection as Connection

    from engine.backends.sql_session import DirectSqlSession

# For the sessions of a run. A statement's timeout is its own, from its deadline.
_PARAMETERS: Final[dict[str, str | int]] = {
    "TIMEZONE": "UTC",  # what a day is must not depend on the user's settings
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "WEEK_START": 0,
    "WEEK_OF_YEAR_POLICY": 0,
    "BINARY_OUTPUT_FORMAT": "HEX",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    "QUERY_TAG": "calcmetric",
    "AUTOCOMMIT": True,
    "MULTI_STATEMENT_COUNT": 1,  # whatever the user's settings say
    "ABORT_DETACHED_QUERY": True,  # or a query of an engine that died would run, and cost, on
    "CLIENT_TELEMETRY_ENABLED": False,
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "ARROW",
}
_MOST_IDLE: Final = 4
_REASON_CHARS: Final = 300


class Snowflake(SqlBackend):
    """A Snowflake account. Thread-safe.

    Args:
        address: "snowflake://NAME".
        parameters: of the connection, over those of the name; for tests.
    """

    capabilities = SNOWFLAKE

    def __init__(self, address: str, **parameters: Any) -> None:
        self.name = self.address = address
        named = address.removeprefix(SNOWFLAKE_SCHEME)
        self._parameters = {**({"connection_name": named} if named else {}), **parameters}
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._closed = False

    def start(self) -> None:
        """Log in, unless a session is at hand; see `Backend.start`."""
        self.give_back(self.take())

    def open_session(self, tenant: str = "") -> DirectSqlSession:  # noqa: ARG002 - sessions are not kept
        """Open a session; see `Backend.open_session`."""
        from engine.backends.sql_session import DirectSqlSession  # loads what reads Snowflake's SQL

        return DirectSqlSession(SnowflakeConnection(self.take(), self.give_back))

    def close(self) -> None:
        """Log out; see `Backend.close`."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            log_out(connection)

    def take(self) -> Connection:
        """A connection that nobody uses.

        Raises:
            BackendStartError: logging in failed.
        """
        with self._lock:
            if self._closed:
                raise EngineClosed("this backend is closed; make a new engine")
            if self._idle:
                return self._idle.pop()
        return self._log_in()

    def give_back(self, connection: Connection) -> None:
        """A connection is used no more."""
        with self._lock:
            keep = not self._closed and len(self._idle) < _MOST_IDLE and not connection.is_closed()
            if keep:
                self._idle.append(connection)
        if not keep:
            log_out(connection)

    def _log_in(self) -> Connection:
        import snowflake.connector as connector  # takes a second, which other backends need not wait for

        try:
            return connector.connect(
                **{
                    "application": "calcmetric",
                    "arrow_number_to_decimal": True,
                    "client_session_keep_alive": False,
                    "session_parameters": _PARAMETERS,
                    **self._parameters,
                }
            )
        except (connector.errors.Error, OSError, ValueError) as error:
            reason = clean_text(str(error).partition("\n")[0], _REASON_CHARS)
            connection = self.name.removeprefix(SNOWFLAKE_SCHEME)
            raise BackendStartError(
                f"cannot log in to Snowflake as the connection {connection!r} says: {reason}; "
                "look at it with `snow connection test`, and at the network policy of the account",
                detail=str(error),
            ) from None
