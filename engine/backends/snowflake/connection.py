"""One Snowflake session, as a run uses it, and how the connector's answers and errors become the engine's."""

from __future__ import annotations

import contextlib
import math
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pyspark.sql.connect.proto as pb
from sqlglot import exp

from engine.arrow import arrow_stream
from engine.backends.sql import RowBatch, SqlConnection
from engine.context import Deadline, QueryContext
from engine.errors import BackendError, BackendLost, DataError, Interrupted
from engine.threads import Pending
from engine.writing import DIALECTS
from sandbox.contract.messages import ColumnType, Described

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection as Connection
    from snowflake.connector.cursor import ResultMetadata

_T = TypeVar("_T")
_TIMED_OUT: Final = frozenset({604, 630})
_TICK_SECONDS: Final = 0.05
_STOP_SECONDS: Final = 2.0
_NAME: Final = re.compile(r'"((?:[^"]|"")+)"|([A-Za-z_][A-Za-z0-9_$]*)')
_PARTS: Final = 3
_TABLE: Final = re.compile(rf"(?:{_NAME.pattern})(?:\.(?:{_NAME.pattern})){{0,{_PARTS - 1}}}")


class SnowflakeConnection(SqlConnection):
    """One Snowflake session, in use by one run."""

    dialect = DIALECTS["snowflake"]

    def __init__(self, connection: Connection, give_back: Callable[[Connection], None]) -> None:
        """Use a session.

        Args:
            connection: the connector's.
            give_back: takes it once the run has ended.
        """
        self._give_back = give_back
        self._connection = connection
        self._spoilt = False
        self._asking: set[object] = set()

    def run(self, text: str, context: QueryContext) -> Iterator[Described | RowBatch]:
        """Run a query; see `SqlConnection.run`."""
        with self._asked(), self._connection.cursor() as cursor:
            self._wait(
                lambda left: cursor.execute(text, timeout=left, _statement_params=_alone(left)),
                context,
            )
            yield Described(_columns(cursor.description))
            count, batches = 0, iter(cursor.fetch_arrow_batches())
            while (table := self._fetch(lambda: next(batches, None), context)) is not None:
                count += 1
                yield RowBatch(table.num_rows, memoryview(arrow_stream(table)))
            if not count:
                empty = self._fetch(lambda: cursor.fetch_arrow_all(force_return_table=True), context)
                yield RowBatch(0, memoryview(arrow_stream(empty)))

    def describe(self, text: str, context: QueryContext) -> Described:
        """The columns of a query; see `SqlConnection.describe`."""
        with self._asked(), self._connection.cursor() as cursor:
            return Described(
                _columns(
                    self._wait(
                        lambda left: cursor.describe(text, timeout=left, _statement_params=_alone(left)),
                        context,
                    )
                )
            )

    def source(self, relation: pb.Relation, context: QueryContext) -> exp.Query:
        """The query that reads a table or view; nothing is asked for it."""
        del context
        name = relation.read.named_table.unparsed_identifier
        if relation.WhichOneof("rel_type") != "read" or not name:
            raise DataError(
                "on Snowflake a dataset is a table or view, DATABASE.SCHEMA.VIEW; "
                "load files and DataFrames into one"
            )
        catalog, schema, table = ([None, None, *parse_name(name)])[-_PARTS:]
        return exp.select(exp.Star()).from_(exp.Table(this=table, db=schema, catalog=catalog))

    def close(self) -> None:
        """Give the session back; see `SqlConnection.close`."""
        if self._spoilt or self._asking:  # nobody else gets a session in which a query may still run
            log_out(self._connection)
        else:
            self._give_back(self._connection)

    def _wait(self, ask: Callable[[int | None], _T], context: QueryContext) -> _T:
        """Ask in a thread of its own, so that a cancel is heard; a deadline is its timeout."""
        context.check()
        seconds = context.deadline.timeout()
        left = None if seconds is None else max(1, math.ceil(seconds))
        answer = Pending(lambda: ask(left), "calcmetric-sql")
        stop: float = math.inf
        while not answer.done.wait(_TICK_SECONDS):
            if stop == math.inf and context.over:
                threading.Thread(target=self._cancel_all, name="calcmetric-sql", daemon=True).start()
                stop = time.monotonic() + _STOP_SECONDS
            if time.monotonic() > stop:
                self._spoilt = True
                break
        if stop != math.inf:
            context.check()
        with _errors(context.deadline):
            return answer.result()

    def _fetch(self, fetch: Callable[[], _T], context: QueryContext) -> _T:
        """Fetch a part of an answer in a thread of its own: the connector waits for it without a timeout."""
        part = Pending(fetch, "calcmetric-sql")
        try:
            with _errors(context.deadline):
                return part.wait(context)
        finally:
            self._spoilt = self._spoilt or not part.done.is_set()

    @contextlib.contextmanager
    def _asked(self) -> Iterator[None]:
        """Note a question until it is over: one that hangs is left behind by its run."""
        question = object()
        self._asking.add(question)
        try:
            yield
        finally:
            self._asking.discard(question)

    def _cancel_all(self) -> None:
        """Cancel what runs in this session: the run that it belongs to ends, or its call has no time left."""
        with contextlib.suppress(Exception), self._connection.cursor() as cursor:
            cursor.execute(f"SELECT SYSTEM$CANCEL_ALL_QUERIES({int(self._connection.session_id)})", timeout=5)


def _alone(
    left: int | None,
) -> dict[str, Any]:  # numbers, as the connector gives itself, though it says text
    """Parameters of one statement: it is one, and Snowflake itself ends it, even if this process is gone."""
    return {"MULTI_STATEMENT_COUNT": 1} | ({} if left is None else {"STATEMENT_TIMEOUT_IN_SECONDS": left})


def parse_name(name: str) -> list[exp.Identifier]:
    """The parts of a table's name, each in quotes; what is not quoted is in capital letters, as in Snowflake.

    Raises:
        DataError: it is no such name.
    """
    if not _TABLE.fullmatch(name):
        raise DataError(f"{name!r} is not the name of a table or view; give DATABASE.SCHEMA.VIEW")
    found = _NAME.finditer(name)
    parts = [one[1].replace('""', '"') if one[1] is not None else one[2].upper() for one in found]
    return [exp.to_identifier(part, quoted=True) for part in parts]


def _columns(description: Sequence[ResultMetadata]) -> tuple[ColumnType, ...]:
    from snowflake.connector.constants import FIELD_ID_TO_NAME

    return tuple(
        ColumnType(one.name, FIELD_ID_TO_NAME[one.type_code], one.precision or 0, one.scale or 0)
        for one in description
    )


@contextlib.contextmanager
def _errors(deadline: Deadline) -> Iterator[None]:
    """The connector's errors as the engine's."""
    from snowflake.connector import errors

    try:
        yield
    except errors.ProgrammingError as error:
        if error.errno in _TIMED_OUT and deadline != Deadline.never:
            raise Interrupted("deadline") from None
        raise BackendError(
            str(error.raw_msg or error.msg),
            exception=f"snowflake.{error.errno:06d}",
            sql_state=error.sqlstate if error.sqlstate not in (None, "n/a") else "",
        ) from None
    except (errors.Error, OSError) as error:
        raise BackendLost(f"Snowflake did not answer: {type(error).__name__}") from None


def log_out(connection: Connection) -> None:
    """Close a connection. Never raises."""
    with contextlib.suppress(Exception):
        connection.close(retry=False)
