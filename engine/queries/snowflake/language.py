"""Snowpark's SQL, as a run's calls ask with its client.

A request is SQL text: it is checked and written anew (`engine.snowflake.text`), over the frame of the call,
and only then is the backend asked. Its answer is columns and Arrow batches, and nothing else of the
backend's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar, Final

import pyspark.sql.connect.proto as pb

from engine.backends.sql import RowBatch, SqlSession
from engine.context import Note
from engine.errors import BackendError, PlanRefused
from engine.models.run import Asked
from engine.queries.asking import Asker
from engine.queries.calls import CallInProgress, told_by
from engine.queries.carried import Batch, Reply
from engine.queries.descriptions import Descriptions
from engine.queries.language import Apart, ReadyAnswer, Request, Told
from engine.queries.snowflake.sharing import SqlSharing, describe
from engine.snowflake.explain import explain_sql
from engine.snowflake.text import (
    BASELINE,
    CheckedQuery,
    check_columns,
    check_query,
    over_one_frame,
    tell_time,
)
from engine.tenants.interpreter import Interpreter
from engine.tenants.ledger import Account, lone_account
from sandbox.contract.framing import ChannelGarbage, SqlMethod
from sandbox.contract.messages import FUNCTION_RAISED, Described, ReplyError

if TYPE_CHECKING:
    from sqlglot import exp

# Queries whose columns are remembered for a run.
_MOST_DESCRIBED: Final = 1_000
# What they take at most, and each column beside its name.
_MOST_BYTES: Final = 60 << 20
_COLUMN_BYTES: Final = 300
# Snowpark's functions are refused, so nobody is ever told this.
_RAISED: Final = ReplyError(FUNCTION_RAISED, "", "", "a function of the metric raised")


@dataclass(frozen=True, slots=True)
class SqlData:
    """What the queries of one run read.

    Attributes:
        full: the rows of the whole range, over which every query has the columns that it has over any frame.
        columns: the names of the dataset's columns; with a baseline those that both have.
        baseline: as `full`, of the baseline; None: calls have one frame.
        known: with a baseline the names of the columns of each.
    """

    full: pb.Relation
    columns: tuple[str, ...]
    baseline: pb.Relation | None = None
    known: tuple[tuple[str, ...], ...] = ()


class SqlLanguage:
    """What one run asks with; see `Language`.

    Attributes:
        session: the run's session on the backend.
        data: what its queries read.
        described: the columns of queries that were asked for before.
    """

    # Snowpark's texts hold names that it makes up.
    repeats: ClassVar[bool] = False
    function_raised: ClassVar[ReplyError] = _RAISED

    def __init__(
        self,
        session: SqlSession,
        data: SqlData,
        account: Account | None = None,
        interpreter: Interpreter | None = None,
    ) -> None:
        """Remember nothing yet.

        Args:
            session: the run's session on the backend.
            data: what its queries read.
            account: what is remembered is taken from it.
            interpreter: one query of the account's tenant is read at a time there; None: any number.
        """
        self.session = session
        self.data = data
        self._account = account or lone_account()
        self._interpreter = interpreter or Interpreter()
        self.described: Descriptions[Described] = Descriptions(
            _MOST_DESCRIBED, _MOST_BYTES, self._account.take
        )

    def reader(self, state: CallInProgress) -> SqlReader:
        """See `Language.reader`."""
        return SqlReader(self, state)

    def explain(self, error: BackendError) -> ReplyError:
        """See `Language.explain`."""
        return explain_sql(error)

    def check(self, payload: memoryview, state: CallInProgress) -> CheckedQuery:
        """Check a query that a call asks.

        Raises:
            PlanRefused: it is none that is known to be safe.
            Interrupted: the call is over while it waits for others of its tenant.
        """
        data = self.data
        for columns in data.known:
            check_columns(columns)
        text, two = _text_of(payload), state.call.baseline is not None
        with self._interpreter.reading(self._account.tenant, state.context.check):
            return tell_time(check_query(text, data.columns, two=two), state.call.now)


class SqlReader:
    """Reads what one call asks; see `RequestReader`."""

    def __init__(self, language: SqlLanguage, state: CallInProgress) -> None:
        self._language = language
        self._state = state

    def is_free(self, payload: memoryview) -> bool:
        """Never: each asks about a query. See `RequestReader.is_free`."""
        _method(payload)
        return False

    def read(self, payload: memoryview) -> Request[SqlSharing]:
        """See `RequestReader.read`."""
        question = SqlQuestion(self._language, self._state, self._language.check(payload[1:], self._state))
        return Told(iter([question.columns()])) if _method(payload) is SqlMethod.DESCRIBE else question

    def close(self) -> None:
        """Nothing is kept of a call. See `RequestReader.close`."""


class SqlQuestion:
    """A checked query over the frames of a call; see `Question`."""

    unsure = ""

    def __init__(self, language: SqlLanguage, state: CallInProgress, query: CheckedQuery) -> None:
        """Ask nothing yet.

        Args:
            language: of the call's run.
            state: the call.
            query: what it asks.
        """
        self._language = language
        self._state = state
        self._query = query

    @property
    def what(self) -> str:
        """See `Question.what`."""
        return describe(self._query)

    @property
    def apart(self) -> str:
        """See `Question.apart`."""
        if BASELINE not in self._query.frames or self._one is not None:
            return ""
        if len(self._query.frames) > 1:
            return "a query over both frames"
        return "names that are those of the frames"

    def over_baseline(self) -> SqlQuestion | None:
        """See `Question.over_baseline`."""
        return None if self._one is None else SqlQuestion(self._language, self._state, self._one)

    def known(self, sharing: SqlSharing, asker: Asker) -> None:
        """Never: nobody knows beforehand what is asked."""
        del sharing, asker

    def ask(self, sharing: SqlSharing, asker: Asker) -> ReadyAnswer | Apart:
        """See `Question.ask`."""
        return sharing.ask(self._query, asker)

    def own(self, note: Note) -> Iterator[Reply]:
        """See `Question.own`."""
        call = self._state.call
        text = self._text(call.relation, call.baseline)
        self._state.queries += 1
        return self._rows(text, note)

    def columns(self) -> Described:
        """The columns of the query, which are the same over every frame.

        Raises:
            BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
        """
        known, key, data = self._language.described, _digest(self._query), self._language.data
        found = known.get(key)
        if found is None:
            text, state, notes = self._text(data.full, data.baseline), self._state, list[str]()
            state.queries += 1
            try:
                found = self._language.session.describe(text, state.context.told(notes.append))
            finally:
                if state.asked is not None:
                    state.asked.append(Asked("the schema of a DataFrame", *told_by(notes)))
            known.keep(key, found, sum(_COLUMN_BYTES + len(column.name) for column in found.columns))
        return found

    @cached_property
    def _one(self) -> CheckedQuery | None:
        """The query over the baseline as one over the frame; None if it reads the frame, too."""
        return over_one_frame(self._query) if BASELINE in self._query.frames else None

    def _rows(self, text: str, note: Note) -> Iterator[Reply]:
        rows = 0
        for part in self._language.session.run(text, self._state.context.told(note)):
            if isinstance(part, RowBatch):
                self._state.charge(part.count, len(part.data))
                yield Batch(part.count, rows, part.data)
                rows += part.count
            else:
                yield part

    def _text(self, frame: pb.Relation, baseline: pb.Relation | None) -> str:
        """The query as it is sent."""
        writer, context = self._language.session.writer, self._state.context

        def query_of(relation: pb.Relation) -> exp.Query:
            return writer.frame_query(relation, context)

        query = self._query
        other = None if baseline is None or BASELINE not in query.frames else query_of(baseline)
        return writer.emit(query, query_of(frame), other)


def _method(payload: memoryview) -> SqlMethod:
    try:
        return SqlMethod(payload[0])
    except (IndexError, ValueError):
        raise ChannelGarbage("a request for an unknown method") from None


def _digest(query: CheckedQuery) -> bytes:
    """What tells queries apart, names included; the queries themselves may be large."""
    return sha256(b"\0".join((query.key, *(name.encode() for name in query.made_names)))).digest()


def _text_of(payload: memoryview) -> str:
    try:
        return bytes(payload).decode()
    except UnicodeDecodeError:
        raise PlanRefused("plan-garbage", "the query is not text in UTF-8") from None
