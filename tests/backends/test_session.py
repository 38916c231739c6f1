"""How a session stops its queries and outlives its server, with a fake server: no process, no port."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pyspark.sql.connect.proto as pb
import pytest

from engine.backends import session as module
from engine.backends.session import ConnectSession
from engine.backends.turns import NoTurns
from engine.errors import BackendError, BackendLost, EngineClosed, Interrupted
from tests.backends.test_failures import RpcFailure
from tests.waiting import wait_until, within

BATCH = pb.ExecutePlanResponse.ArrowBatch(row_count=1, data=b"rows")
PLAN = pb.Plan(root=pb.Relation(range=pb.Range(start=0, end=1, step=1)))


class Call:
    """A streaming call: `responses` at once, then it hangs until it is let go."""

    def __init__(self, responses: int, *, hangs: bool = False, error: Exception | None = None) -> None:
        self._responses, self._error = responses, error
        self.begun, self.over = threading.Event(), threading.Event()
        self.cancelled = False
        if not hangs:
            self.over.set()

    def __iter__(self) -> Iterator[pb.ExecutePlanResponse]:
        self.begun.set()
        for number in range(self._responses):
            yield pb.ExecutePlanResponse(response_id=str(number), arrow_batch=BATCH)
        self.over.wait()
        if self._error is not None:
            raise self._error

    def cancel(self) -> None:
        self.cancelled = True
        self.over.set()

    def add_done_callback(self, callback: Callable[[Call], None]) -> None:
        self.begun.set()
        threading.Thread(target=lambda: self.over.wait(10) and callback(self), daemon=True).start()

    def result(self) -> pb.AnalyzePlanResponse:
        assert self.over.is_set()
        return pb.AnalyzePlanResponse(session_id="answered")


class Server:
    """A connection and its endpoint in one, which write down what they are asked."""

    configuration = (("key", "value"),)
    turns = NoTurns()

    def __init__(self, call: Call, *, interrupts: bool = True, heeds: bool = True) -> None:
        self.call, self.interrupts, self.heeds = call, interrupts, heeds
        self.closed = False
        self.log: list[str] = []

    def connection(self) -> Any:
        return self

    def execute(self, session_id: str, operation_id: str, plan: pb.Plan) -> Call:
        return self.call

    def analyze(self, session_id: str, request: pb.AnalyzePlanRequest) -> Call:
        return self.call

    def set_config(self, session_id: str, pairs: object) -> None:
        self.log.append("configure")

    def interrupt(self, session_id: str, operation_id: str, timeout: float) -> None:
        self.log.append("interrupt")
        if self.heeds:
            self.call.over.set()

    def retire(self, connection: object, session_id: str, *, tenant: str, clean: bool) -> None:
        self.log.append("keep" if clean else "release")

    def error_details(self, session_id: str) -> Any:
        return lambda error_id: None

    def note_broken(self, connection: object) -> None:
        self.log.append("broken")

    def wait_idle(self, connection: object, since: float, until: float) -> bool:
        return True

    def end_server(self, connection: object) -> None:
        self.log.append("end")


def once_begun(call: Call, act: Callable[[], object]) -> None:
    """Do something a moment after a call has begun to be waited for."""

    def wait() -> None:
        assert call.begun.wait(10)
        time.sleep(0.05)
        act()

    threading.Thread(target=wait, daemon=True).start()


def session_on(server: Server) -> ConnectSession:
    return ConnectSession(server)  # type: ignore[arg-type]


def soon(seconds: float = 0.05) -> float:
    return time.monotonic() + seconds


def test_responses_come_in_order_and_the_session_is_configured_once() -> None:
    server = Server(Call(10))
    session = session_on(server)
    assert [int(r.response_id) for r in session.execute(PLAN)] == list(range(10))
    assert len(list(session.execute(PLAN))) == 10
    session.close()
    assert server.log == ["configure", "keep"]


def test_a_passed_deadline_asks_nothing() -> None:
    server = Server(Call(1))
    with pytest.raises(Interrupted) as caught:
        list(session_on(server).execute(PLAN, deadline=time.monotonic() - 1))
    assert caught.value.reason == "deadline"
    assert server.log == []


def test_a_deadline_interrupts_and_the_server_lives() -> None:
    server = Server(Call(1, hangs=True))
    with pytest.raises(Interrupted) as caught:
        list(session_on(server).execute(PLAN, deadline=soon()))
    assert caught.value.reason == "deadline"
    assert server.log == ["configure", "interrupt"]
    assert not server.call.cancelled


def test_a_cancel_is_noticed_at_once() -> None:
    server, cancel = Server(Call(0, hangs=True)), threading.Event()
    once_begun(server.call, cancel.set)
    with within(1, time.monotonic), pytest.raises(Interrupted) as caught:
        list(session_on(server).execute(PLAN, cancel=cancel, deadline=soon(60)))
    assert caught.value.reason == "cancelled"


def test_a_query_that_does_not_heed_costs_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.2)
    server = Server(Call(0, hangs=True), heeds=False)
    with pytest.raises(Interrupted):
        list(session_on(server).execute(PLAN, deadline=soon()))
    assert server.log[-1] == "end"
    assert "interrupt" in server.log
    assert server.call.cancelled


def test_a_backend_that_cannot_interrupt_is_ended_at_once() -> None:
    server = Server(Call(0, hangs=True), interrupts=False)
    with pytest.raises(Interrupted):
        list(session_on(server).execute(PLAN, deadline=soon()))
    assert server.log == ["configure", "end"]


def test_a_reader_that_goes_away_stops_its_query_without_waiting() -> None:
    server = Server(Call(2, hangs=True))
    responses = session_on(server).execute(PLAN)
    next(responses)
    responses.close()  # type: ignore[attr-defined]
    assert server.call.over.wait(5)
    assert server.log == ["configure", "interrupt"]


def test_an_unreachable_server_is_lost_and_the_session_sets_itself_up_again() -> None:
    server = Server(Call(0, error=RpcFailure(grpc.StatusCode.UNAVAILABLE, "gone")))
    session = session_on(server)
    with pytest.raises(BackendLost):
        list(session.execute(PLAN))
    server.call = Call(3)
    assert len(list(session.execute(PLAN))) == 3
    assert server.log == ["configure", "broken", "configure"]


def test_whatever_happens_on_a_connection_closed_under_the_query_is_lost() -> None:
    server = Server(Call(0, hangs=True, error=RpcFailure(grpc.StatusCode.CANCELLED, "channel closed")))
    responses = session_on(server).execute(PLAN)
    once_begun(server.call, lambda: (setattr(server, "closed", True), server.call.over.set()))
    with pytest.raises(BackendLost):
        list(responses)


def test_a_failed_query_says_why() -> None:
    error = RpcFailure(grpc.StatusCode.INTERNAL, "no", {"errorClass": "DIVIDE_BY_ZERO", "classes": "[]"})
    with pytest.raises(BackendError) as caught:
        list(session_on(Server(Call(1, error=error))).execute(PLAN))
    assert caught.value.condition == "DIVIDE_BY_ZERO"


def test_an_analysis_that_does_not_end_costs_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.1)
    server = Server(Call(0, hangs=True))
    with pytest.raises(Interrupted):
        session_on(server).analyze(pb.AnalyzePlanRequest(), deadline=soon())
    assert server.log == ["configure", "end"]


def test_a_cancelled_query_is_stopped_while_nobody_waits() -> None:
    server, cancel = Server(Call(0, hangs=True), heeds=False), threading.Event()
    session = session_on(server)
    once_begun(server.call, cancel.set)
    with within(1, time.monotonic):
        with pytest.raises(Interrupted):
            list(session.execute(PLAN, cancel=cancel))
        session.close()
    assert "release" not in server.log  # which would take the query's end away from who stops it
    server.call.over.set()
    assert wait_until(lambda: server.log[-1] == "release", 5)
    assert "end" not in server.log


def test_a_cancelled_analysis_has_a_while_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.1)
    server, cancel = Server(Call(0, hangs=True)), threading.Event()
    once_begun(server.call, cancel.set)
    with pytest.raises(Interrupted) as caught:
        session_on(server).analyze(pb.AnalyzePlanRequest(), cancel=cancel)
    assert caught.value.reason == "cancelled"
    assert server.log == ["configure"]
    assert wait_until(lambda: server.log == ["configure", "end"], 5)


def test_a_closed_session_asks_nothing() -> None:
    session = session_on(Server(Call(1)))
    session.close()
    session.close()
    with pytest.raises(EngineClosed):
        list(session.execute(PLAN))
