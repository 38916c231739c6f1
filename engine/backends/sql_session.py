"""The session that every backend of SQL has: it writes what is to be run, and hands it to the connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import pyarrow as pa
import pyspark.sql.connect.proto as pb
from sqlglot import exp

from engine.arrow import arrow_stream
from engine.backends.sql import RowBatch, SqlConnection
from engine.context import QueryContext, Settings
from engine.errors import BackendError, PlanRefused
from engine.snowflake.text import CheckedQuery, check_condition, condition_for, emit_duckdb, emit_snowflake
from engine.writing import Translator, struct_of
from sandbox.contract.messages import Described

_EMITTERS: Final = {"snowflake": emit_snowflake, "duckdb": emit_duckdb}


class SqlWriter:
    """Writes queries in a backend's dialect.

    Attributes:
        columns: those of the dataset, once it is described.
    """

    def __init__(self, connection: SqlConnection) -> None:
        self.columns: tuple[str, ...] = ()
        self._dialect = connection.dialect
        self._emit: Callable[[CheckedQuery, exp.Query, exp.Query | None], str] = _EMITTERS[
            connection.dialect.name
        ]
        self._source = connection.source

    def emit(self, query: CheckedQuery, frame: exp.Query, baseline: exp.Query | None = None) -> str:
        """A guest's query over a frame, or over two.

        Args:
            query: checked.
            frame: what its placeholder stands for.
            baseline: what the second one stands for; None: there is none.
        """
        return self._emit(query, frame, baseline)

    def text(self, relation: pb.Relation, context: QueryContext) -> str:
        """A plan of the engine's own; raises as `SqlConnection.source`, like the next two."""
        query = self._translator(context).query(relation)
        return str(query.sql(dialect=self._dialect.name))

    def frame_query(self, frame: pb.Relation, context: QueryContext) -> exp.Query:
        """The query that gives the rows of a frame."""
        return self._translator(context).query(frame)

    def keyed_query(
        self, frame: pb.Relation, keys: list[tuple[str, pb.Expression]], context: QueryContext
    ) -> exp.Query:
        """The query that gives the rows of a frame, with further columns of these names."""
        return self._translator(context).keyed(frame, keys)

    def checked(self, text: str) -> str:
        """The text of a segment's condition, once it is checked.

        Raises:
            PlanRefused: as `check_condition` and `condition_for`.
        """
        self._condition(text)
        return text

    def _translator(self, context: QueryContext) -> Translator:
        """What writes plans for one who waits so long for a dataset that has to be opened again."""
        source = partial(self._source, context=context)
        return Translator(self._dialect, source, self._condition)

    def _condition(self, text: str) -> exp.Expr:
        """The condition of a segment, checked once more and written in the dialect."""
        return condition_for(check_condition(text, self.columns), self._dialect.name)


class DirectSqlSession:
    """The session that a backend opens; see `SqlSession`.

    Attributes:
        writer: writes what is to be run.
    """

    def __init__(self, connection: SqlConnection) -> None:
        self.writer = SqlWriter(connection)
        self._connection = connection

    def run(self, text: str, context: QueryContext) -> Iterator[Described | RowBatch]:
        """Run a guest's query; see `SqlSession.run`."""
        return self._connection.run(text, context)

    def describe(self, text: str, context: QueryContext) -> Described:
        """The columns of a guest's query; see `SqlSession.describe`."""
        return self._connection.describe(text, context)

    def execute(self, plan: pb.Plan, context: QueryContext) -> Iterator[pb.ExecutePlanResponse]:
        """Run a plan of the engine's own; see `SqlSession.execute`."""
        text = self.writer.text(plan.root, context)
        for part in self._connection.run(text, context):
            response = pb.ExecutePlanResponse()
            if isinstance(part, Described):
                response.schema.CopyFrom(struct_of(part.columns))
            else:
                batch = response.arrow_batch
                batch.data = _with_whole_numbers(part.data)
                batch.row_count, batch.num_chunks_in_batch = part.count, 1
            yield response

    def analyze(self, request: pb.AnalyzePlanRequest, context: QueryContext) -> pb.AnalyzePlanResponse:
        """The type of a plan of the engine's own; see `SqlSession.analyze`."""
        relation = request.schema.plan.root
        text = self.writer.text(relation, context)
        described = self._connection.describe(text, context)
        if relation.WhichOneof("rel_type") in ("read", "local_relation"):
            self.writer.columns = tuple(column.name for column in described.columns)
        response = pb.AnalyzePlanResponse()
        response.schema.schema.CopyFrom(struct_of(described.columns))
        return response

    @property
    def sql(self) -> DirectSqlSession:
        """Itself; see `BackendSession.sql`."""
        return self

    @property
    def disturbed(self) -> int:
        """See `BackendSession.disturbed`."""
        return 0

    def refuse_settings(self, settings: Settings) -> None:
        """Snowpark's frames have no settings; see `BackendSession.refuse_settings`."""
        del settings
        raise PlanRefused("config-refused", "this data engine has no settings of Spark's", "leave them out")

    def close(self) -> None:
        """Release it; see `BackendSession.close`."""
        self._connection.close()


def _with_whole_numbers(data: bytes | memoryview) -> bytes:
    """An Arrow stream of an answer to the engine, in which whole numbers are BIGINT."""
    with pa.ipc.open_stream(data) as reader:
        table = reader.read_all()
    columns = [_whole(column) if _is_wide(column.type) else column for column in table.columns]
    return bytes(arrow_stream(pa.table(columns, names=table.column_names)).to_pybytes())


def _is_wide(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0))


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        raise BackendError("a whole number of a segment or a count has more than 18 digits") from None
