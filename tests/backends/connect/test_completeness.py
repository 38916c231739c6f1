"""No part of an answer is ever taken for the whole: streams that end early, at each message. No server."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest

from engine.backends.connect.completeness import CompletenessCheck, TruncatedAnswer
from engine.backends.connect.session import ConnectSession
from engine.backends.connect.suspect_queue import QueryTurn
from engine.backends.connect.turns import NoTurns
from engine.backends.tables import fetch
from engine.context import UNBOUNDED, QueryContext
from engine.effort import Grace
from engine.errors import BackendLost
from tests.backends.calls import PLAN
from tests.waiting import wait_until

Response = pb.ExecutePlanResponse


def stream(first: int, count: int) -> bytes:
    """Rows `first` to `first + count - 1`, as an Arrow stream."""
    sink = pa.BufferOutputStream()
    table = pa.table({"n": pa.array(range(first, first + count), pa.int64())})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def batch(first: int, count: int, *, data: bytes | None = None, offset: bool = True, **more: int) -> Response:
    arrow = Response.ArrowBatch(row_count=count, data=stream(first, count) if data is None else data, **more)
    if offset:
        arrow.start_offset = first
    return Response(arrow_batch=arrow)


def answer() -> list[Response]:
    """Eight rows in two batches, the second in two chunks; then the end."""
    second = stream(5, 3)
    responses = [
        Response(schema=pb.DataType(struct=pb.DataType.Struct())),
        batch(0, 5),
        Response(execution_progress=Response.ExecutionProgress()),
        batch(5, 3, data=second[:40], chunk_index=0, num_chunks_in_batch=2),
        batch(5, 3, data=second[40:], chunk_index=1, num_chunks_in_batch=2),
        Response(result_complete=Response.ResultComplete()),
    ]
    for number, response in enumerate(responses):
        response.response_id = f"r{number}"
    return responses


class Stub:
    """An endpoint and its connection, whose streams are given beforehand, one for each call."""

    configuration = ()
    turns = NoTurns()
    interrupts = True
    closed = False

    def __init__(self, *streams: Sequence[Response]) -> None:
        self.streams = list(streams)
        self.log: list[str] = []

    def connection(self, context: QueryContext = UNBOUNDED) -> Any:
        return self

    def execute(
        self, session_id: str, operation_id: str, plan: pb.Plan, **more: object
    ) -> Iterator[Response]:
        self.log.append("ask")
        return iter(self.streams.pop(0))

    def attach(
        self, session_id: str, operation_id: str, last_response_id: str, **more: object
    ) -> Iterator[Response]:
        self.log.append(f"attach after {last_response_id}")
        return iter(self.streams.pop(0) if self.streams else ())

    def release_execution(self, session_id: str, operation_id: str) -> None:
        self.log.append("forget")

    def interrupt(self, session_id: str, operation_id: str, timeout: float, *, observed: str) -> None:
        self.log.append("interrupt")

    def grace(self, connection: object, seconds: float, *, times: float = 1.0) -> Grace:
        return Grace(seconds)

    def wait_idle(self, connection: object, grace: Grace) -> bool:
        return True

    def place_of(self, tenant: str) -> Any:
        return self

    def error_details(self, session_id: str) -> Any:
        return lambda error_id: None


def fetched(stub: Stub) -> list[int]:
    session = ConnectSession(stub)  # type: ignore[arg-type]
    found = fetch(session, pb.Relation(), UNBOUNDED.within(60))
    rows: list[int] = found.table["n"].to_pylist()
    return rows


def test_a_whole_answer_is_given_and_the_server_may_forget_it() -> None:
    stub = Stub(answer())
    assert fetched(stub) == list(range(8))
    assert stub.log == ["ask", "forget"]


@pytest.mark.parametrize("kept", range(6))
def test_an_answer_cut_at_any_message_is_never_a_number(kept: int) -> None:
    cut = answer()[:kept]
    # Asked twice in a row by who keeps the rows, each of which asks once more as long as no row was there.
    stub = Stub(*(part for _ in range(4) for part in ((cut, ()) if cut else (cut,))))
    with pytest.raises(BackendLost):
        fetched(stub)
    assert "forget" not in stub.log


@pytest.mark.parametrize("kept", range(1, 6))
def test_a_stream_that_the_server_ends_by_plan_is_gone_on_with(kept: int) -> None:
    stub = Stub(answer()[:kept], answer()[kept:])
    assert fetched(stub) == list(range(8))
    assert stub.log == ["ask", f"attach after r{kept - 1}", "forget"]


@pytest.mark.parametrize("kept", [0, 1])
def test_what_nobody_has_seen_is_asked_for_again(kept: int) -> None:
    cut = answer()[:kept]
    stub = Stub(*((cut, ()) if cut else (cut,)), answer())
    session = ConnectSession(stub)  # type: ignore[arg-type]
    given = list(session.execute(PLAN, UNBOUNDED))
    assert sum(response.HasField("arrow_batch") for response in given) == 3
    assert stub.log.count("ask") == 2


class Turns(NoTurns):
    """Who is in the line."""

    def __init__(self) -> None:
        self.inside: list[QueryTurn] = []

    def enter(self, turn: QueryTurn, context: QueryContext) -> None:
        self.inside.append(turn)

    def end(self, turn: QueryTurn) -> None:
        self.inside.remove(turn)


@pytest.mark.parametrize("died", [False, True], ids=["the server goes on", "the server died meanwhile"])
def test_a_query_that_is_asked_again_while_the_first_is_stopped_leaves_the_queue(died: bool) -> None:
    turns, stopping, stopped = Turns(), threading.Event(), threading.Event()

    class Slow(Stub):
        def interrupt(self, session_id: str, operation_id: str, timeout: float, *, observed: str) -> None:
            stopping.set()
            stopped.wait(60)

    def unended() -> Iterator[Response]:
        turns.inside[0].server_died = died
        yield batch(3, 3)  # and the rows before are missing
        stopped.wait(60)

    stub = Slow(unended(), answer())  # type: ignore[arg-type]
    stub.turns = turns
    given = list(ConnectSession(stub).execute(PLAN, UNBOUNDED))  # type: ignore[arg-type]
    assert sum(response.HasField("arrow_batch") for response in given) == 3
    assert stopping.wait(60) and len(turns.inside) == 1  # the one that is still being stopped
    stopped.set()
    assert wait_until(lambda: not turns.inside)


@pytest.mark.parametrize("lost", range(1, 5))
def test_a_message_lost_on_the_way_is_noticed(lost: int) -> None:
    responses = answer()
    missing = responses.pop(lost)
    whole = CompletenessCheck()
    if not missing.HasField("arrow_batch"):
        for response in responses:
            whole.note(response)
        assert whole.complete
        return
    with pytest.raises(TruncatedAnswer):
        for response in responses:
            whole.note(response)


WRONG = {
    "chunks out of order": [batch(0, 3, data=b"b", chunk_index=1, num_chunks_in_batch=2)],
    "a chunk twice": [batch(0, 3, data=b"a", chunk_index=0, num_chunks_in_batch=2)] * 2,
    "a batch twice": [batch(0, 3), batch(0, 3)],
    "rows left out": [batch(0, 3), batch(4, 3)],
    "a batch within another": [batch(0, 3, data=b"a", chunk_index=0, num_chunks_in_batch=2), batch(3, 3)],
    "the end within a batch": [
        batch(0, 3, data=b"a", chunk_index=0, num_chunks_in_batch=2),
        Response(result_complete=Response.ResultComplete()),
    ],
    "rows after the end": [Response(result_complete=Response.ResultComplete()), batch(0, 3)],
}


@pytest.mark.parametrize("name", WRONG)
def test_gaps_and_repetitions_are_noticed(name: str) -> None:
    whole = CompletenessCheck()
    with pytest.raises(TruncatedAnswer):
        for response in WRONG[name]:
            whole.note(response)


@pytest.mark.parametrize("told", [2, 4])
def test_a_batch_that_holds_another_number_of_rows_than_it_says_is_lost(told: int) -> None:
    wrong = [
        batch(0, told, data=stream(0, 3), offset=False),
        Response(result_complete=Response.ResultComplete()),
    ]
    with pytest.raises(BackendLost):
        fetched(Stub(wrong, wrong))
