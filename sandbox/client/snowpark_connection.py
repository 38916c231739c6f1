"""A stand-in for Snowflake's connection that carries Snowpark's queries over the worker's descriptor.

Snowpark asks its connection for cursors, and cursors for the columns and the rows of SELECT statements; the
engine checks each statement. Whatever else a connection can do (files, stages, asynchronous queries, other
sessions) is refused here, with what to do instead. There are no credentials and no addresses in the worker.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NoReturn

import pandas as pd
import pyarrow as pa

from sandbox.client.snowpark_errors import refuse
from sandbox.client.snowpark_rows import Answer, describe, describe_shortly, read_batches
from sandbox.client.transport import Transport
from sandbox.contract.framing import SqlMethod
from sandbox.contract.messages import Described, decode

# What Snowpark reads of its session without asking the server: defaults but for what a comment says.
_PARAMETERS: Final[dict[str, Any]] = {
    "TIMEZONE": "UTC",
    "PYTHON_SNOWPARK_REDUCE_DESCRIBE_QUERY_ENABLED": True,  # a third of all requests less
    "PYTHON_SNOWPARK_USE_SCOPED_TEMP_OBJECTS": False,  # a metric makes no objects
}
_NOWHERE: Final = "CALCMETRIC"  # a metric learns nothing of where its data is
_NO_FILES: Final = "a metric reads and writes no files and stages", "use df and its methods"
_NO_ASYNC: Final = "a metric's queries are answered one after the other", "call without block=False"
_NO_BINDING: Final = "a metric's queries have no bind variables", "write values with lit(...)"


class PipeConnection:
    """What Snowpark needs of a `SnowflakeConnection`."""

    session_id: Final = 1
    expired: Final = False
    _telemetry: Final = None
    _paramstyle: Final = "qmark"
    database: Final = _NOWHERE
    schema: Final = _NOWHERE
    role: Final = _NOWHERE
    warehouse: Final = _NOWHERE

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._session_parameters = dict(_PARAMETERS)
        self._count = 0
        self._last: tuple[str, Answer] | None = None

    def cursor(self, *_: Any, **__: Any) -> PipeCursor:
        """A cursor."""
        return PipeCursor(self)

    def is_closed(self) -> bool:
        """Never: it lives as long as the worker."""
        return False

    def close(self) -> None:
        """Nothing to do."""

    def describe(self, query: str) -> Described:
        """Ask for the columns of a query."""
        ((_, payload),) = self._transport.request(SqlMethod.DESCRIBE, _text(query))
        return decode(Described, payload)

    def fetch(self, query: str) -> tuple[str, Answer]:
        """Ask for the rows of a query, under an id of ours."""
        replies = self._transport.request(SqlMethod.QUERY, _text(query))
        _, first = next(replies)
        columns = decode(Described, first).columns
        answer = Answer(columns, pa.concat_tables(read_batches(payload for _, payload in replies)))
        self._count += 1
        self._last = f"calcmetric-{self._count}", answer
        return self._last

    @property
    def last_table(self) -> pa.Table:
        """The rows of the last answer."""
        assert self._last is not None
        return self._last[1].table

    def recall(self, query_id: str) -> Answer:
        """The last answer once more."""
        if self._last is None or self._last[0] != query_id:
            raise refuse("only the last answer is kept", "ask again")
        return self._last[1]


class PipeCursor:
    """What Snowpark needs of a `SnowflakeCursor`."""

    _query_result_format: Final = "arrow"
    _request_id: Final = ""
    request_id: Final = ""

    def __init__(self, connection: PipeConnection) -> None:
        self.connection = connection
        self.sfqid: str | None = None
        self.query = ""
        self._answer: Answer | None = None

    @property
    def description(self) -> list[Any]:
        """The columns of the answer."""
        return describe_shortly(self._answered.columns)

    @property
    def _description_internal(self) -> list[Any]:
        return describe(self._answered.columns)

    def execute(self, command: str, params: Any = None, **_: Any) -> PipeCursor:
        """Ask the engine; whatever it does not let through is raised in its words."""
        if params:
            raise refuse(*_NO_BINDING)
        self.query = command
        self.sfqid, self._answer = self.connection.fetch(command)
        return self

    def _describe_internal(self, command: str, params: Any = None, **_: Any) -> list[Any]:
        if params:
            raise refuse(*_NO_BINDING)
        return describe(self.connection.describe(command).columns)

    def get_results_from_sfqid(self, query_id: str) -> None:
        """Read the last answer with this cursor."""
        self.sfqid, self._answer = query_id, self.connection.recall(query_id)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows."""
        return self._answered.rows()

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._answered.rows())

    def fetch_pandas_all(self, **_: Any) -> pd.DataFrame:
        """All rows as pandas has them."""
        return self._answered.to_pandas()

    def fetch_pandas_batches(self, **_: Any) -> Iterator[pd.DataFrame]:
        """All rows as pandas has them, in one part."""
        yield self._answered.to_pandas()

    def fetch_arrow_all(self, *_: Any, **__: Any) -> pa.Table:
        """All rows as Arrow has them."""
        return self._answered.table

    def fetch_arrow_batches(self) -> Iterator[pa.Table]:
        """All rows as Arrow has them, in one part."""
        yield self._answered.table

    def execute_async(self, *_: Any, **__: Any) -> NoReturn:
        """Refused."""
        raise refuse(*_NO_ASYNC)

    def executemany(self, *_: Any, **__: Any) -> NoReturn:
        """Refused."""
        raise refuse(*_NO_BINDING)

    def upload_stream(self, *_: Any, **__: Any) -> NoReturn:
        """Refused."""
        raise refuse(*_NO_FILES)

    download_stream = upload_stream

    def close(self) -> None:
        """Nothing to do."""

    @property
    def _answered(self) -> Answer:
        if self._answer is None:
            raise refuse("there is no answer to read", "ask first")
        return self._answer


def _text(query: str) -> bytes:
    return query.encode("utf-8", "surrogatepass")  # what is no text is refused by the engine
