"""How a call's SQL is read: one text of a tenant at a time, and with columns that are remembered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pyspark.sql.connect.proto as pb
import pytest

from engine.context import Deadline, QueryContext
from engine.errors import Interrupted
from engine.models.run import Asked
from engine.queries.calls import CallInProgress, FrameCall
from engine.queries.language import Told
from engine.queries.snowflake.language import SqlData, SqlLanguage, SqlQuestion
from engine.tenants.interpreter import Interpreter
from engine.tenants.ledger import Account, Caps, Ledger
from sandbox.contract.framing import ChannelGarbage, SqlMethod
from sandbox.contract.messages import ColumnType, Described

COLUMNS = ("A", "B")
ALL = 'SELECT "A" FROM "FRAME"'
BASELINE = 'SELECT "A" FROM "BASELINE_FRAME"'
BOTH = 'SELECT "F"."A" FROM "FRAME" AS "F", "BASELINE_FRAME" AS "B"'


class Session:
    """A session that knows the columns of everything."""

    def __init__(self, columns: int = 1) -> None:
        self.described = list[str]()
        self.columns = columns
        self.writer = SimpleNamespace(
            frame_query=lambda relation, _: relation,
            emit=lambda query, *_: query.text,
        )

    def describe(self, text: str, context: QueryContext) -> Described:
        self.described.append(text)
        return Described(tuple(ColumnType(f"C{number}", "TEXT") for number in range(self.columns)))

    def run(self, text: str, context: QueryContext) -> Iterator[Described]:
        yield Described(())


def language(
    session: Session, account: Account | None = None, interpreter: Interpreter | None = None
) -> SqlLanguage:
    data = SqlData(pb.Relation(), COLUMNS, pb.Relation(), (COLUMNS, COLUMNS))
    return SqlLanguage(cast(Any, session), data, account, interpreter)


def in_progress(asked: list[Asked] | None = None, seconds: float = 60.0) -> CallInProgress:
    call = FrameCall(0, 1, pb.Relation(), baseline=pb.Relation())
    context = QueryContext(Deadline.after(seconds))
    return CallInProgress(call, context, lambda *_: None, cast(Any, None), asked)


def request(method: SqlMethod, text: str) -> memoryview:
    return memoryview(bytes([method]) + text.encode())


def question(text: str) -> SqlQuestion:
    read = language(Session()).reader(in_progress()).read(request(SqlMethod.QUERY, text))
    assert isinstance(read, SqlQuestion)
    return read


def test_no_request_is_free_and_one_of_no_known_method_is_garbage():
    reader = language(Session()).reader(in_progress())
    assert not reader.is_free(request(SqlMethod.DESCRIBE, ALL))
    for payload in (b"", b"\x01", b"\xff"):
        with pytest.raises(ChannelGarbage):
            reader.is_free(memoryview(payload))


def test_one_query_of_a_tenant_is_read_at_a_time_and_who_is_over_waits_no_longer():
    interpreter, account = Interpreter(), Ledger().open("tenant")
    reader = language(Session(), account, interpreter).reader(in_progress(seconds=0.05))
    other = language(Session(), Ledger().open("other"), interpreter).reader(in_progress())
    reading, over = threading.Event(), threading.Event()

    def read() -> None:
        with interpreter.reading("tenant", lambda: None):
            reading.set()
            over.wait(60)

    thread = threading.Thread(target=read)
    thread.start()
    assert reading.wait(60)
    try:
        with pytest.raises(Interrupted):
            reader.read(request(SqlMethod.QUERY, ALL))
        assert isinstance(other.read(request(SqlMethod.QUERY, ALL)), SqlQuestion)
    finally:
        over.set()
        thread.join(60)


def test_columns_are_asked_for_once_in_a_run_and_taken_from_its_account():
    session, account, asked = Session(), Ledger().open("tenant"), list[Asked]()
    made = language(session, account)
    state = in_progress(asked)
    for _ in range(3):
        read = made.reader(state).read(request(SqlMethod.DESCRIBE, ALL))
        assert isinstance(read, Told) and [type(one) for one in read.replies] == [Described]
    assert len(session.described) == state.queries == 1
    assert asked == [Asked("the schema of a DataFrame")]
    assert account.kept > 300


def test_where_there_is_no_room_columns_are_asked_for_again():
    session, account = Session(1_000), Ledger(Caps(run=1_000)).open("tenant")
    reader = language(session, account).reader(in_progress())
    for _ in range(2):
        reader.read(request(SqlMethod.DESCRIBE, ALL))
    assert len(session.described) == 2 and account.kept == 0


def test_which_frames_a_query_reads_says_who_answers_it():
    assert (question(ALL).apart, question(ALL).over_baseline()) == ("", None)
    over = question(BASELINE).over_baseline()
    assert question(BASELINE).apart == "" and over is not None and over.over_baseline() is None
    assert question(BOTH).apart == "a query over both frames" and question(BOTH).over_baseline() is None
    named = question('SELECT "FRAME"."A" FROM "BASELINE_FRAME" AS "FRAME"')
    assert named.apart and named.over_baseline() is None
