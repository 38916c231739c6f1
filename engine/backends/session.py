"""A session on a Spark Connect server, and the stopping of its queries.

Stopping goes by steps: Interrupt with the call left open (cancelling the call leaves Spark computing), a
grace of two seconds, then the endpoint ends the server. Whoever cancels does not wait for that: a thread of
its own stops the query, and the session is released after the last one.

A query under which a local server died is asked again here, apart from all others, as long as nobody has
seen a row of its answer; see `engine.backends.line`.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final, TypeVar

import grpc
import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.backends.calls import POLL_SECONDS, End, drain, due, pumped, raise_end, refuse_due, wait
from engine.backends.endpoint import Endpoint
from engine.backends.failures import decode_failure, is_ending, where_ended
from engine.backends.line import MOST_STRIKES, Record, Turn
from engine.backends.rpc import Connection
from engine.backends.turns import PATIENT_SECONDS
from engine.errors import BackendLost, EngineClosed, Interrupted

GRACE_SECONDS: Final = 2.0
_INTERRUPT_SECONDS: Final = 0.4

_T = TypeVar("_T")

logger = logging.getLogger(__name__)


class ConnectSession:
    """One session; see `BackendSession`. It outlives a restart of its server."""

    def __init__(
        self,
        endpoint: Endpoint,
        session_id: str | None = None,
        prepared: Connection | None = None,
        *,
        tenant: str = "",
    ) -> None:
        """Open a session.

        Args:
            endpoint: its backend.
            session_id: of a session that the server may know already.
            prepared: the connection on which that one was configured.
            tenant: whose it is.
        """
        self._endpoint = endpoint
        self._tenant = tenant
        self.id = session_id or str(uuid.uuid4())
        self._lock = threading.Lock()
        self._prepared = prepared
        self._closed = False
        self._stopping = 0
        self._clean = True
        self._record = Record()

    def execute(
        self, plan: pb.Plan, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Iterator[pb.ExecutePlanResponse]:
        """Run a plan; see `BackendSession.execute`."""
        return self._execute(plan, Turn(self._record), deadline, cancel)

    def analyze(
        self,
        request: pb.AnalyzePlanRequest,
        *,
        deadline: float | None = None,
        cancel: threading.Event | None = None,
    ) -> pb.AnalyzePlanResponse:
        """Answer an analyze request; see `BackendSession.analyze`."""
        return self._analyze(request, Turn(self._record), deadline, cancel)

    @property
    def disturbed(self) -> int:
        """How often its queries lost time through others; see `BackendSession.disturbed`."""
        return self._record.disturbed

    def apart(self) -> BackendSession:
        """This session, one query at a time; see `BackendSession.apart`."""
        return _Apart(self)

    def _execute(
        self, plan: pb.Plan, turn: Turn, deadline: float | None, cancel: threading.Event | None
    ) -> Iterator[pb.ExecutePlanResponse]:
        """Ask until there is an answer. What comes before its rows is held back, to ask again unseen."""
        refuse_due(deadline, cancel)
        seen = False
        with self._turn(turn):
            while True:
                held: list[pb.ExecutePlanResponse] = []
                self._endpoint.turns.enter(turn, deadline, cancel)
                try:
                    with contextlib.closing(self._ask(plan, turn, deadline, cancel)) as responses:
                        for response in responses:
                            held.append(response)
                            if seen or response.HasField("arrow_batch"):
                                seen = True
                                yield from _taken(held)
                    yield from held
                    return
                except BackendLost as lost:
                    self._judge(turn, lost, may_repeat=not seen)

    def _ask(
        self, plan: pb.Plan, turn: Turn, deadline: float | None, cancel: threading.Event | None
    ) -> Generator[pb.ExecutePlanResponse, None, None]:
        """Ask once."""
        connection = self._prepare(turn)
        operation = str(uuid.uuid4())
        with self._translated(connection):
            call = connection.execute(self.id, operation, plan)
        responses = pumped(call)
        ended = False
        try:
            while True:
                try:
                    item = responses.get(timeout=POLL_SECONDS)
                except queue.Empty:
                    item = None
                if isinstance(item, End):
                    ended = True
                    with self._translated(connection):
                        raise_end(item)
                    return
                if reason := due(deadline, cancel):
                    if reason == "deadline":
                        ended = True
                        self._stop(connection, operation, call, responses)
                    raise Interrupted(reason)
                if item is not None:
                    yield item
        finally:
            if not ended:  # nobody waits for the answer any more, nor for the query's end
                self._aside(turn, lambda: self._stop(connection, operation, call, responses))

    def _analyze(
        self,
        request: pb.AnalyzePlanRequest,
        turn: Turn,
        deadline: float | None,
        cancel: threading.Event | None,
    ) -> pb.AnalyzePlanResponse:
        """Ask until there is an answer."""
        refuse_due(deadline, cancel)
        with self._turn(turn):
            while True:
                self._endpoint.turns.enter(turn, deadline, cancel)
                try:
                    return self._ask_analysis(request, turn, deadline, cancel)
                except BackendLost as lost:
                    self._judge(turn, lost, may_repeat=True)

    def _ask_analysis(
        self,
        request: pb.AnalyzePlanRequest,
        turn: Turn,
        deadline: float | None,
        cancel: threading.Event | None,
    ) -> pb.AnalyzePlanResponse:
        """Ask once."""
        connection = self._prepare(turn)
        with self._translated(connection):
            call = connection.analyze(self.id, request)
            until = None if deadline is None else deadline + GRACE_SECONDS
            reason = wait(call, until, cancel)
            if reason == "cancelled":
                self._aside(turn, lambda: self._outlast(connection, call))
                raise Interrupted(reason)
            if reason == "deadline":
                self._give_up(connection, call)
                raise Interrupted(reason)
            response: pb.AnalyzePlanResponse = call.result()
        refuse_due(deadline, cancel)
        return response

    @contextlib.contextmanager
    def _turn(self, turn: Turn) -> Iterator[None]:
        """Leave the line at the end, unless whoever stops the query does."""
        try:
            yield
        finally:
            if not turn.stopping:
                self._endpoint.turns.leave(turn)

    def _judge(self, turn: Turn, lost: BackendLost, *, may_repeat: bool) -> None:
        """Return if a lost query is to be asked again, else raise."""
        lost.alone = turn.convicted
        if turn.convicted:
            self._record.blame += 1
        if lost.alone or not turn.struck or not may_repeat or turn.strikes >= MOST_STRIKES:
            raise lost

    def close(self) -> None:
        """Release the session on the backend, once nothing has to be stopped. Never raises."""
        with self._lock:
            self._closed = True
            stopping = self._stopping > 0
        if not stopping:
            self._release()

    def _release(self) -> None:
        with self._lock:
            prepared, self._prepared = self._prepared, None
        if prepared is not None and not prepared.closed:
            self._endpoint.retire(prepared, self.id, tenant=self._tenant, clean=self._clean)

    def _aside(self, turn: Turn, stop: Callable[[], None]) -> None:
        """Stop something while nobody waits; the last one releases a session that was closed meanwhile."""
        turn.stopping = True

        def run() -> None:
            try:
                stop()
            finally:
                self._endpoint.turns.leave(turn)
                with self._lock:
                    self._stopping -= 1
                    last = self._closed and self._stopping == 0
                if last:
                    self._release()

        with self._lock:
            self._stopping += 1
            self._clean = False
        threading.Thread(target=run, name="calcmetric-stop", daemon=True).start()

    def _outlast(self, connection: Connection, call: Any) -> None:
        """Let an analysis end, for a while: no server can interrupt one, as it has no operation id."""
        if wait(call, time.monotonic() + GRACE_SECONDS, None):
            self._give_up(connection, call)

    def _give_up(self, connection: Connection, call: Any) -> None:
        self._clean = False
        self._record.blame += 1
        self._endpoint.end_server(connection)
        call.cancel()

    def _prepare(self, turn: Turn) -> Connection:
        """The connection to use, with this session's configuration set on its server."""
        began = time.monotonic()
        connection = self._endpoint.connection()
        self._record.disturbed += time.monotonic() - began > PATIENT_SECONDS
        self._endpoint.turns.begin(turn, connection)
        with self._lock:
            if self._closed:
                raise EngineClosed("this session is closed; open another")
            if self._prepared is not connection:
                if self._endpoint.configuration:
                    with self._translated(connection):
                        connection.set_config(self.id, self._endpoint.configuration)
                self._prepared = connection
        return connection

    @contextlib.contextmanager
    def _translated(self, connection: Connection) -> Iterator[None]:
        """Raise our errors for gRPC's."""
        try:
            yield
        except grpc.RpcError as error:
            failure = decode_failure(error, connection.error_details(self.id))
            if connection.closed and not isinstance(failure, BackendLost):
                failure = BackendLost(failure.detail)
            if isinstance(failure, BackendLost):
                if is_ending(failure) and not connection.closed:  # all its queries hear it; one is enough
                    logger.warning("a data engine shuts down by itself: %s", where_ended(failure))
                    self._endpoint.end_server(connection)
                self._endpoint.note_broken(connection)
                with self._lock:  # a remote server that lost the session needs its configuration again
                    self._prepared = None
            raise failure from None
        except ValueError as error:  # gRPC's word for a channel that was closed meanwhile
            if not connection.closed:
                raise
            raise BackendLost(str(error)) from None

    def _stop(self, connection: Connection, operation: str, call: Any, responses: queue.Queue[Any]) -> None:
        """Stop a query for good: interrupt it, or else end the server. Never raises."""
        self._clean = False
        since = time.monotonic()
        until = since + GRACE_SECONDS
        stopped = False
        if self._endpoint.interrupts and not connection.closed:
            with contextlib.suppress(grpc.RpcError, ValueError):
                ended = False
                while not ended and (now := time.monotonic()) < until:  # again: it may not have begun yet
                    connection.interrupt(self.id, operation, until - now)
                    ended = drain(responses, min(until, now + _INTERRUPT_SECONDS))
                stopped = ended and self._endpoint.wait_idle(connection, since, until)
        if not stopped:
            self._record.blame += 1
            self._endpoint.end_server(connection)
            call.cancel()
            drain(responses, time.monotonic() + GRACE_SECONDS)


class _Apart:
    """A session whose queries were lost before: each is a suspect from the start."""

    def __init__(self, session: ConnectSession) -> None:
        self._session = session

    def execute(
        self, plan: pb.Plan, *, deadline: float | None = None, cancel: threading.Event | None = None
    ) -> Iterator[pb.ExecutePlanResponse]:
        """Run a plan; see `BackendSession.execute`."""
        return self._session._execute(plan, self._suspect(), deadline, cancel)

    def analyze(
        self,
        request: pb.AnalyzePlanRequest,
        *,
        deadline: float | None = None,
        cancel: threading.Event | None = None,
    ) -> pb.AnalyzePlanResponse:
        """Answer an analyze request; see `BackendSession.analyze`."""
        return self._session._analyze(request, self._suspect(), deadline, cancel)

    @property
    def disturbed(self) -> int:
        """That of the session; see `BackendSession.disturbed`."""
        return self._session.disturbed

    def apart(self) -> BackendSession:
        """It is already."""
        return self

    def close(self) -> None:
        """Nothing; the session itself is closed."""

    def _suspect(self) -> Turn:
        return Turn(self._session._record, strikes=1)


def _taken(held: list[_T]) -> Iterator[_T]:
    """What a list holds, which is empty afterwards."""
    while held:
        yield held.pop(0)
