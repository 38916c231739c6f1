"""How a session stops its queries and outlives its server, with a fake server: no process, no port."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pyspark.sql.connect.proto as pb
import pytest

from engine.backends.connect import stopping as module
from engine.backends.connect.endpoint import STOP_TIMES, FixedEndpoint
from engine.backends.connect.rpc import Connection
from engine.backends.connect.session import ConnectSession
from engine.backends.connect.turns import NoTurns
from engine.context import UNBOUNDED, Deadline, QueryContext
from engine.effort import Effort, Grace
from engine.errors import BackendError, BackendLost, EngineClosed, Interrupted
from tests.backends.calls import PLAN, RpcFailure
from tests.waiting import PATIENCE, wait_until

BATCH = pb.ExecutePlanResponse.ArrowBatch(row_count=1, data=b"rows")
COMPLETE = pb.ExecutePlanResponse.ResultComplete()


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
        yield pb.ExecutePlanResponse(response_id="end", result_complete=COMPLETE)

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

    def __init__(self, call: Call, *, interrupts: bool = True, heeds: bool = True, ours: bool = True) -> None:
        self.call, self.interrupts, self.heeds, self.ours = call, interrupts, heeds, ours
        self.closed = False
        self.log: list[str] = []
        self.quarantined: list[str] = []
        self.effort: Callable[[], Effort] | None = None

    def connection(self, context: QueryContext = UNBOUNDED) -> Any:
        return self

    def execute(self, session_id: str, operation_id: str, plan: pb.Plan, **more: object) -> Call:
        return self.call

    def release_execution(self, session_id: str, operation_id: str) -> None:
        pass

    def analyze(self, session_id: str, request: pb.AnalyzePlanRequest, **more: object) -> Call:
        return self.call

    def set_config(self, session_id: str, pairs: object) -> str:
        self.log.append("configure")
        return "here"

    def interrupt(self, session_id: str, operation_id: str, timeout: float, *, observed: str = "") -> None:
        assert observed == "here"  # a new server must not take it for the name of a new session
        self.log.append("interrupt")
        if self.heeds:
            self.call.over.set()

    def place_of(self, tenant: str) -> Any:
        return self

    def quarantine(self, tenant: str, *, sure: bool = True) -> None:
        self.quarantined.append(tenant)

    def retire(self, connection: object, session_id: str, *, tenant: str, clean: bool) -> None:
        self.log.append("keep" if clean else "release")

    def error_details(self, session_id: str) -> Any:
        return lambda error_id: None

    def note_broken(self, connection: object) -> None:
        self.log.append("broken")

    def grace(self, connection: object, seconds: float, *, times: float = STOP_TIMES) -> Grace:
        return Grace(seconds, self.effort, times=times)

    def wait_idle(self, connection: object, grace: Grace) -> bool:
        return True

    def end_server(self, connection: object, reason: str) -> None:
        assert reason
        self.log.append("end")
        self.closed = self.ours


class Starved:
    """What a process has done whose one thread is ready to run all the time, and hardly does."""

    def __call__(self) -> Effort:
        now = time.monotonic()
        return Effort(now, ran=now / 1_000, waits={1: now * 0.999})


def once_begun(call: Call, act: Callable[[], object]) -> None:
    """Do something once a call has begun to be waited for."""

    def wait() -> None:
        assert call.begun.wait(PATIENCE)
        act()

    threading.Thread(target=wait, daemon=True).start()


def session_on(server: Server) -> ConnectSession:
    return ConnectSession(server)  # type: ignore[arg-type]


def soon(seconds: float = 0.05, cancel: threading.Event | None = None) -> QueryContext:
    return QueryContext(Deadline.after(seconds), cancel)


def test_responses_come_in_order_and_the_session_is_configured_once() -> None:
    server = Server(Call(10))
    session = session_on(server)
    assert [int(r.response_id) for r in session.execute(PLAN, UNBOUNDED)] == list(range(10))
    assert len(list(session.execute(PLAN, UNBOUNDED))) == 10
    session.close()
    assert server.log == ["configure", "keep"]


def test_a_passed_deadline_asks_nothing() -> None:
    server = Server(Call(1))
    with pytest.raises(Interrupted) as caught:
        list(session_on(server).execute(PLAN, UNBOUNDED.within(-1)))
    assert caught.value.reason == "deadline"
    assert server.log == []


def test_a_deadline_interrupts_and_the_server_lives() -> None:
    server = Server(Call(1, hangs=True))
    with pytest.raises(Interrupted) as caught:
        list(session_on(server).execute(PLAN, soon()))
    assert caught.value.reason == "deadline"
    assert server.log == ["configure", "interrupt"]
    assert not server.call.cancelled and not server.quarantined


def test_a_cancel_is_noticed_at_once() -> None:
    server, cancel = Server(Call(0, hangs=True)), threading.Event()
    once_begun(server.call, cancel.set)
    with pytest.raises(Interrupted) as caught:
        list(session_on(server).execute(PLAN, soon(60, cancel)))
    assert caught.value.reason == "cancelled"


def test_a_query_that_does_not_heed_costs_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.2)
    server = Server(Call(0, hangs=True), heeds=False)
    with pytest.raises(Interrupted):
        list(session_on(server).execute(PLAN, soon()))
    assert server.log[-1] == "end"
    assert "interrupt" in server.log
    assert server.call.cancelled and server.quarantined == [""]


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_server_that_is_not_ours_is_told_to_stop_a_query_until_it_hears(
    monkeypatch: pytest.MonkeyPatch, cancelled: bool
) -> None:
    """Nobody waits for that; the session is released only after it."""
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.05)
    monkeypatch.setattr(module, "_RETRY_PAUSE_SECONDS", 0.01)
    server, cancel = Server(Call(0, hangs=True), ours=False), threading.Event()
    answers, heard = threading.Event(), threading.Event()

    def interrupt(session_id: str, operation_id: str, timeout: float, *, observed: str = "") -> None:
        if not answers.is_set():
            raise RpcFailure(grpc.StatusCode.DEADLINE_EXCEEDED, "it hangs")
        server.log.append("heard")
        heard.set()

    server.interrupt = interrupt  # type: ignore[method-assign]
    session = session_on(server)
    if cancelled:
        once_begun(server.call, cancel.set)
    with pytest.raises(Interrupted):
        list(session.execute(PLAN, QueryContext(cancel=cancel) if cancelled else soon()))
    session.close()
    assert wait_until(lambda: "end" in server.log)
    answers.set()
    assert heard.wait(PATIENCE)
    assert wait_until(lambda: server.log == ["configure", "end", "heard", "release"])


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.NOT_FOUND])
def test_a_server_that_knows_nothing_of_a_query_any_more_is_told_once(
    monkeypatch: pytest.MonkeyPatch, code: grpc.StatusCode
) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.05)
    server = Server(Call(0, hangs=True), ours=False)

    def interrupt(session_id: str, operation_id: str, timeout: float, *, observed: str = "") -> None:
        server.log.append("told again" if "end" in server.log else "told")
        raise RpcFailure(code, "no such session")

    server.interrupt = interrupt  # type: ignore[method-assign]
    session = session_on(server)
    with pytest.raises(Interrupted):
        list(session.execute(PLAN, soon()))
    session.close()
    assert wait_until(lambda: server.log[-1] == "release")
    assert server.log.count("told again") == 1


def test_a_server_that_others_keep_from_the_processors_has_longer_to_heed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As long as it takes: the Interrupt is told again, and heeded the fifth time, after the two seconds."""
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.05)
    monkeypatch.setattr(module, "_INTERRUPT_SECONDS", 0.05)
    server = Server(Call(0, hangs=True), heeds=False)
    server.effort = Starved()

    def interrupt(session_id: str, operation_id: str, timeout: float, *, observed: str = "") -> None:
        server.log.append("interrupt")
        if server.log.count("interrupt") == 5:
            server.call.over.set()
        else:  # it does not get round to answering in time
            raise RpcFailure(grpc.StatusCode.DEADLINE_EXCEEDED, "late")

    server.interrupt = interrupt  # type: ignore[method-assign]
    with pytest.raises(Interrupted):
        list(session_on(server).execute(PLAN, soon()))
    assert wait_until(lambda: server.log == ["configure", *["interrupt"] * 5])


def test_a_run_does_not_wait_for_a_server_that_others_keep_from_the_processors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its query is stopped aside; only a server that goes on for longer than that is ended."""
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.02)
    server, idle = Server(Call(0, hangs=True)), threading.Event()
    server.effort = Starved()

    def wait_idle(connection: object, grace: Grace) -> bool:
        server.log.append("wait")
        if server.log.count("wait") == 2:
            return idle.wait(PATIENCE)
        while grace.left():
            pass
        return False

    server.wait_idle = wait_idle  # type: ignore[method-assign]
    session = session_on(server)
    with pytest.raises(Interrupted):
        list(session.execute(PLAN, soon()))
    assert "end" not in server.log and not server.quarantined
    idle.set()
    session.close()
    assert wait_until(lambda: server.log[-1] == "release")
    assert "end" not in server.log and not server.quarantined


def test_an_analysis_in_a_server_that_others_keep_from_the_processors_ends_in_its_own_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.1)
    server = Server(Call(0, hangs=True))
    server.effort = Starved()
    session = session_on(server)
    with pytest.raises(Interrupted):
        session.analyze(pb.AnalyzePlanRequest(), soon())
    server.call.over.set()
    session.close()
    assert wait_until(lambda: server.log[-1] == "release")
    assert "end" not in server.log and not server.quarantined


def test_a_backend_that_cannot_interrupt_is_ended_at_once() -> None:
    server = Server(Call(0, hangs=True), interrupts=False)
    with pytest.raises(Interrupted):
        list(session_on(server).execute(PLAN, soon()))
    assert server.log == ["configure", "end"]


def test_a_reader_that_goes_away_stops_its_query_without_waiting() -> None:
    server = Server(Call(2, hangs=True))
    responses = session_on(server).execute(PLAN, UNBOUNDED)
    next(responses)
    responses.close()  # type: ignore[attr-defined]
    assert server.call.over.wait(PATIENCE)
    assert server.log == ["configure", "interrupt"]


def test_an_unreachable_server_is_lost_and_the_session_sets_itself_up_again() -> None:
    server = Server(Call(0, error=RpcFailure(grpc.StatusCode.UNAVAILABLE, "gone")))
    session = session_on(server)
    with pytest.raises(BackendLost):
        list(session.execute(PLAN, UNBOUNDED))
    server.call = Call(3)
    assert len(list(session.execute(PLAN, UNBOUNDED))) == 3
    assert server.log == ["configure", "broken", "configure"]


def test_whatever_happens_on_a_connection_closed_under_the_query_is_lost() -> None:
    server = Server(Call(0, hangs=True, error=RpcFailure(grpc.StatusCode.CANCELLED, "channel closed")))
    responses = session_on(server).execute(PLAN, UNBOUNDED)
    once_begun(server.call, lambda: (setattr(server, "closed", True), server.call.over.set()))
    with pytest.raises(BackendLost):
        list(responses)


def test_a_channel_that_its_owner_closed_is_lost() -> None:
    """The caller's own session, which was stopped in the middle of a run: nobody told us."""
    channel = grpc.insecure_channel("localhost:1")
    connection = Connection(channel, user_id="", owned=False)
    channel.close()
    for ask in (
        lambda session: list(session.execute(PLAN, UNBOUNDED)),
        lambda session: session.analyze(pb.AnalyzePlanRequest(), UNBOUNDED),
    ):
        with pytest.raises(BackendLost, match="Cannot invoke RPC"):
            ask(ConnectSession(FixedEndpoint(connection)))


def test_a_failed_query_says_why() -> None:
    error = RpcFailure(grpc.StatusCode.INTERNAL, "no", {"errorClass": "DIVIDE_BY_ZERO", "classes": "[]"})
    with pytest.raises(BackendError) as caught:
        list(session_on(Server(Call(1, error=error))).execute(PLAN, UNBOUNDED))
    assert caught.value.condition == "DIVIDE_BY_ZERO"


def test_an_analysis_that_does_not_end_costs_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.1)
    server = Server(Call(0, hangs=True))
    with pytest.raises(Interrupted):
        session_on(server).analyze(pb.AnalyzePlanRequest(), soon())
    assert server.log == ["configure", "end"] and server.quarantined == [""]


def test_a_cancelled_query_is_stopped_while_nobody_waits() -> None:
    server, cancel = Server(Call(0, hangs=True), heeds=False), threading.Event()
    session = session_on(server)
    once_begun(server.call, cancel.set)
    with pytest.raises(Interrupted):
        list(session.execute(PLAN, QueryContext(cancel=cancel)))
    session.close()
    assert "release" not in server.log  # which would take the query's end away from who stops it
    server.call.over.set()
    assert wait_until(lambda: server.log[-1] == "release")
    assert "end" not in server.log


def test_a_cancelled_analysis_has_a_while_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.1)
    server, cancel = Server(Call(0, hangs=True)), threading.Event()
    once_begun(server.call, cancel.set)
    with pytest.raises(Interrupted) as caught:
        session_on(server).analyze(pb.AnalyzePlanRequest(), QueryContext(cancel=cancel))
    assert caught.value.reason == "cancelled"
    assert server.log == ["configure"]
    assert wait_until(lambda: server.log == ["configure", "end"])


def test_a_closed_session_asks_nothing() -> None:
    session = session_on(Server(Call(1)))
    session.close()
    session.close()
    with pytest.raises(EngineClosed):
        list(session.execute(PLAN, UNBOUNDED))
