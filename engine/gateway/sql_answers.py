"""The answers to what one call of calc_metric asks with Snowpark.

A request is SQL text: it is checked and written anew (`engine.snowflake.text`), over the frame of the call,
and only then is the backend asked. Its answer is columns and Arrow batches, and nothing else of the
backend's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING

import pyspark.sql.connect.proto as pb

from engine.backends.sql import Rows, SqlSession
from engine.context import QueryContext
from engine.errors import BackendError, PlanRefused
from engine.gateway.answering import Evaluating, FrameCall
from engine.gateway.budget import FrameBudget
from engine.gateway.carried import Batch, Reply
from engine.gateway.replies import table_batches
from engine.gateway.sql_explain import explain_sql
from engine.queries.asking import Asker
from engine.queries.snowflake import SqlSharing
from engine.snowflake.text import (
    BASELINE,
    CheckedQuery,
    check_columns,
    check_query,
    over_one_frame,
    tell_time,
)
from sandbox.contract.framing import ChannelGarbage, SqlMethod
from sandbox.contract.messages import Described, ReplyError

if TYPE_CHECKING:
    from sqlglot import exp

# Columns of queries that are remembered for a run, and requests that were checked.
_MOST_DESCRIBED = 1_000
_MOST_COLUMNS = 200_000


@dataclass(frozen=True, slots=True)
class SqlRunAnswers:
    """What the calls of one run have in common; see `RunAnswering`.

    Attributes:
        session: the run's session on the backend.
        full: the rows of the whole range, over which every query has the columns that it has over any frame.
        columns: the names of the dataset's columns; with a baseline those that both have.
        sharing: answers questions for many frames at once; None: each frame asks for itself.
        run: stands for the run.
        described: the columns of queries, by what tells queries apart.
        baseline: likewise the rows of the baseline; None: calls have one frame.
        known: with a baseline the names of the columns of each.
        second: what answers questions over baselines for many frames, once it is known; None: nothing does.
    """

    session: SqlSession
    full: pb.Relation
    columns: tuple[str, ...]
    sharing: SqlSharing | None = None
    run: object = None
    described: dict[bytes, Described] = field(default_factory=dict)
    baseline: pb.Relation | None = None
    known: tuple[tuple[str, ...], ...] = ()
    second: Callable[[QueryContext], SqlSharing | None] | None = None

    def of_call(self, call: FrameCall, budget: FrameBudget, context: QueryContext) -> SqlAnswers:
        """See `RunAnswering.of_call`."""
        return SqlAnswers(call, self, budget, context)


class SqlAnswers:
    """What the requests of one call are answered with; see `CallAnswers`.

    Attributes:
        call: the call.
        queries: how many requests were sent to the backend.
    """

    def __init__(
        self, call: FrameCall, run: SqlRunAnswers, budget: FrameBudget, context: QueryContext
    ) -> None:
        self.call = call
        self.queries = 0
        self._run = run
        self._budget = budget
        self._context = replace(context, run=run.run)
        self._fetched = 0

    def foretell(self) -> bytes | None:
        """Nothing is foretold: Snowpark's texts hold names that it makes up."""
        return None

    def note_used(self) -> None:
        """Refuse it: a worker to which nothing was foretold cannot have used it."""
        raise ChannelGarbage("nothing was foretold")

    def note_end(self) -> None:
        """The call has ended."""

    def explain(self, error: BackendError) -> ReplyError:
        """A failed query in words for the author."""
        return explain_sql(error)

    def responses(self, payload: memoryview, evaluating: Evaluating) -> Iterator[Reply]:
        """Answer one request: yield its columns, and its rows in batches; see `CallAnswers.responses`."""
        del evaluating  # Snowpark's functions are refused
        try:
            method = SqlMethod(payload[0])
        except (IndexError, ValueError):
            raise ChannelGarbage("a request for an unknown method") from None
        self._budget.charge_plan()
        two = self.call.baseline is not None
        for columns in self._run.known:
            check_columns(columns)
        query = tell_time(check_query(_read(payload[1:]), self._run.columns, two=two), self.call.now)
        if method is SqlMethod.DESCRIBE:
            yield self._describe(query)
        else:
            yield from self._shared(query) or self._fetch(query)

    def _describe(self, query: CheckedQuery) -> Described:
        known, place = self._run.described, _digest(query)
        if place not in known:
            context = self._context
            text = self._text(query, self._run.full, self._run.baseline)
            self.queries += 1
            found = self._run.session.describe(text, context)
            columns = sum(len(one.columns) for one in known.values()) + len(found.columns)
            if len(known) >= _MOST_DESCRIBED or columns > _MOST_COLUMNS:
                return found
            known[place] = found
        return known[place]

    def _text(self, query: CheckedQuery, frame: pb.Relation, baseline: pb.Relation | None) -> str:
        """A query as it is sent."""
        writer, context = self._run.session.writer, self._context

        def query_of(relation: pb.Relation) -> exp.Query:
            return writer.frame_query(relation, context)

        other = None if baseline is None or BASELINE not in query.frames else query_of(baseline)
        return writer.emit(query, query_of(frame), other)

    def _shared(self, query: CheckedQuery) -> Iterator[Reply] | None:
        """The answer that frames share; None if this one has to ask for itself."""
        sharing = self._run.sharing
        asker = Asker(self._run.run, self.call.index, self._fetched, self._context.shared())
        self._fetched += 1
        if sharing is None:
            return None
        if BASELINE in query.frames:
            one = over_one_frame(query)
            other = None if one is None or self._run.second is None else self._run.second(self._context)
            if one is None or other is None:
                return None
            query, sharing, asker.frame = one, other, self.call.baseline_index
        try:
            answer = sharing.answer(query, asker)
        finally:
            self.queries += asker.queries
        if answer is None:
            return None
        return self._charged(answer.described, table_batches(answer.table))

    def _charged(self, described: Described, batches: Iterator[Batch]) -> Iterator[Reply]:
        yield described
        for batch in batches:
            self._budget.charge_fetch(batch.rows, len(batch.data))
            yield batch

    def _fetch(self, query: CheckedQuery) -> Iterator[Reply]:
        session, context, rows = self._run.session, self._context, 0
        text = self._text(query, self.call.relation, self.call.baseline)
        self.queries += 1
        for part in session.run(text, context):
            if isinstance(part, Rows):
                self._budget.charge_fetch(part.count, len(part.data))
                yield Batch(part.count, rows, part.data)
                rows += part.count
            else:
                yield part


def _digest(query: CheckedQuery) -> bytes:
    """What tells queries apart, names included; the queries themselves may be large."""
    return sha256(b"\0".join((query.key, *(name.encode() for name in query.made_names)))).digest()


def _read(payload: memoryview) -> str:
    try:
        return bytes(payload).decode()
    except UnicodeDecodeError:
        raise PlanRefused("plan-garbage", "the query is not text in UTF-8") from None
