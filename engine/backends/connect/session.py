"""A session on a Spark Connect server, and the stopping of its queries.

Stopping goes by steps: Interrupt with the call left open (cancelling the call leaves Spark computing), a
grace of two seconds, then the endpoint ends the server; one that is not ours to end is told again until it
hears. Seconds in which other programs keep a local server from the processors do not count. Whoever cancels
does not wait for that: a thread of its own stops the query, and the session is released after the last one.

A query under which a local server died is asked again here, apart from all others, as long as nobody has
seen a row of its answer; see `engine.backends.connect.line`.

The lock is never held while a server is asked: one that hangs would hold up whoever finds the server lost,
and whoever wants to leave. Setting the configuration is done once for all that wait (`SingleFlight`).
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import grpc
import pyspark.sql.connect.proto as pb

from engine.backends.connect.calls import POLL_SECONDS, End, drain, pumped, raise_end, wait
from engine.backends.connect.endpoint import STOP_TIMES, Endpoint
from engine.backends.connect.failures import decode_failure, forgot_session, is_ending, where_ended
from engine.backends.connect.line import MOST_STRIKES, Record, Turn
from engine.backends.connect.rpc import Connection
from engine.backends.connect.turns import PATIENT_SECONDS
from engine.backends.connect.whole import CutShort, Whole
from engine.context import Deadline, QueryContext, Settings
from engine.effort import MOST_TIMES, Grace
from engine.errors import BackendLost, EngineClosed, Interrupted, PlanRefused
from engine.threads import SingleFlight

GRACE_SECONDS: Final = 2.0
_INTERRUPT_SECONDS: Final = 0.4
# A stream that was attached to again and ends within this time, without a word, does so for ever.
_SILENT_SECONDS: Final = 1.0
# How long a server that does not answer is told to stop a query that nobody waits for, and how often.
_INSIST_SECONDS: Final = 1_800.0
_INSIST_PAUSE_SECONDS: Final = 1.0
# How gRPC begins what it says of a channel that was closed before a call.
_CLOSED: Final = "Cannot invoke RPC"
# It may hear it yet; all other errors are answers.
_UNHEARD: Final = frozenset({grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE})

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Ready:
    """A session as a server knows it, with its configuration.

    Attributes:
        connection: to the server.
        session_id: of the session.
        observed: as `Connection.set_config` returned it.
    """

    connection: Connection
    session_id: str
    observed: str = ""


@dataclass(slots=True)
class _Asked:
    """A query on its way.

    Attributes:
        ready: the session that it was asked in.
        operation: its id.
        call: gRPC's call, of which the responses come.
        responses: what has come, and at last the call's end.
        over: whether that end was taken from them.
    """

    ready: _Ready
    operation: str
    call: Any
    responses: queue.Queue[Any]
    over: bool = False

    def drain(self, until: Deadline) -> bool:
        """Throw responses away up to the end; False if it did not come in time."""
        self.over = self.over or drain(self.responses, until)
        return self.over


class ConnectSession:
    """One session; see `BackendSession`. It outlives a restart of its server."""

    sql = None

    def __init__(
        self,
        endpoint: Endpoint,
        session_id: str | None = None,
        prepared: Connection | None = None,
        *,
        tenant: str = "",
        observed: str = "",
        settings: Settings = (),
        record: Record | None = None,
    ) -> None:
        """Open a session.

        Args:
            endpoint: its backend.
            session_id: of a session that the server may know already.
            prepared: the connection on which that one was configured.
            tenant: whose it is.
            observed: what the server called a session that it knows already.
            settings: of this session alone, beyond those of the endpoint. It is never kept for another run.
            record: of what befell the queries of the session that this one is `under`, or in place of.
        """
        self._endpoint = endpoint
        self._settings = settings
        self._configuration = (*endpoint.configuration, *settings)
        self._tenant = tenant
        self.id = session_id or str(uuid.uuid4())
        self._lock = threading.Lock()
        self._observed = observed
        self._ready = None if prepared is None else _Ready(prepared, self.id, observed)
        self._configuring: SingleFlight[_Ready] = SingleFlight("calcmetric-configure")
        self._inside = 0
        self._closed = False
        self._stopping = 0
        self._clean = True
        self._record = record or Record()
        self._under: dict[Settings, ConnectSession] = {}
        self._elsewhere: ConnectSession | None = None

    def execute(self, plan: pb.Plan, context: QueryContext) -> Iterator[pb.ExecutePlanResponse]:
        """Run a plan; see `BackendSession.execute`."""
        place = self.under(context.settings).place()
        return place._execute(plan, place._turn_of(context), context)

    def analyze(self, request: pb.AnalyzePlanRequest, context: QueryContext) -> pb.AnalyzePlanResponse:
        """Answer an analyze request; see `BackendSession.analyze`."""
        place = self.under(context.settings).place()
        return place._analyze(request, place._turn_of(context), context)

    @property
    def disturbed(self) -> int:
        """How often its queries lost time through others; see `BackendSession.disturbed`."""
        return self._record.disturbed

    @property
    def is_open(self) -> bool:
        """Whether it may still be asked, or something of it is still being stopped."""
        return not self._closed or self._stopping > 0 or any(one.is_open for one in self._made())

    def place(self) -> ConnectSession:
        """Where its next query is asked: here, or in a session on another server; see `Endpoint.place_of`."""
        place = self._endpoint.place_of(self._tenant)
        if place is self._endpoint:
            return self
        with self._lock:
            if self._closed:
                return self  # which says so
            if self._elsewhere is None:
                self._elsewhere = ConnectSession(
                    place, tenant=self._tenant, settings=self._settings, record=self._record
                )
            return self._elsewhere

    def refuse_settings(self, settings: Settings) -> None:
        """See that its server follows settings; see `BackendSession.refuse_settings`."""
        if settings and not self._endpoint.own_settings:
            keys = ", ".join(key for key, _ in settings)
            raise PlanRefused(
                "config-refused",
                f"spark.conf.set of {keys} is refused: this data engine is not known to follow it",
                "write it into the expressions: F.from_utc_timestamp(column, zone), F.try_divide, try_cast",
            )

    def under(self, settings: Settings) -> ConnectSession:
        """The session for questions under these settings, which lives as long as this one."""
        if not settings:
            return self
        self.refuse_settings(settings)
        with self._lock:
            if self._closed:
                raise EngineClosed("this session is closed; open another")
            if settings not in self._under:
                self._under[settings] = ConnectSession(
                    self._endpoint, tenant=self._tenant, settings=settings, record=self._record
                )
            return self._under[settings]

    def _execute(self, plan: pb.Plan, turn: Turn, context: QueryContext) -> Iterator[pb.ExecutePlanResponse]:
        """Ask until there is an answer. What comes before its rows is held back, to ask again unseen."""
        context.check()
        seen = cut = False
        with self._turn(turn):
            while True:
                held: list[pb.ExecutePlanResponse] = []
                self._endpoint.turns.enter(turn, context)
                if (place := self._moved(turn)) is not None:
                    yield from place._execute(plan, _again(turn), context)
                    return
                try:
                    with contextlib.closing(self._ask(plan, turn, context)) as responses:
                        for response in responses:
                            held.append(response)
                            if seen or response.HasField("arrow_batch"):
                                seen = True
                                yield from _taken(held)
                    yield from held
                    return
                except CutShort:
                    if seen or cut:
                        raise
                    cut = True
                except BackendLost as lost:
                    self._judge(turn, lost, may_repeat=not seen)

    def _ask(
        self, plan: pb.Plan, turn: Turn, context: QueryContext
    ) -> Generator[pb.ExecutePlanResponse, None, None]:
        """Ask once. The answer is whole, or an error is raised at its end."""
        ready = self._prepare(turn, context)
        operation = str(uuid.uuid4())
        with self._translated(ready):
            call = ready.connection.execute(
                ready.session_id, operation, plan, observed=ready.observed, until=_given_up(context.deadline)
            )
        asked = _Asked(ready, operation, call, pumped(call))
        whole, attached = Whole(), (-1, 0.0)
        ended = False
        try:
            while True:
                try:
                    item = asked.responses.get(timeout=POLL_SECONDS)
                except queue.Empty:
                    item = None
                if isinstance(item, End):
                    ended = True
                    with self._translated(ready):
                        raise_end(item)
                    if whole.complete:
                        ready.connection.release_execution(ready.session_id, operation)
                        return
                    silent = whole.responses == attached[0]
                    if not whole.last_id or (silent and time.monotonic() - attached[1] < _SILENT_SECONDS):
                        raise CutShort("the data engine ended its answer before its end")
                    attached = whole.responses, time.monotonic()
                    with self._translated(ready):
                        call = ready.connection.attach(
                            ready.session_id, operation, whole.last_id, until=_given_up(context.deadline)
                        )
                    asked, ended = _Asked(ready, operation, call, pumped(call)), False
                    continue
                if reason := context.over:
                    if reason == "deadline":
                        ended = True
                        self._stop(turn, asked)
                    raise Interrupted(reason)
                if item is not None:
                    whole.note(item)
                    if not item.HasField("result_complete"):
                        yield item
        finally:
            if not ended:  # nobody waits for the answer any more, nor for the query's end
                self._aside(turn, lambda: self._stop_patiently(asked))

    def _analyze(
        self, request: pb.AnalyzePlanRequest, turn: Turn, context: QueryContext
    ) -> pb.AnalyzePlanResponse:
        """Ask until there is an answer."""
        context.check()
        with self._turn(turn):
            while True:
                self._endpoint.turns.enter(turn, context)
                if (place := self._moved(turn)) is not None:
                    return place._analyze(request, _again(turn), context)
                try:
                    return self._ask_analysis(request, turn, context)
                except BackendLost as lost:
                    self._judge(turn, lost, may_repeat=True)

    def _ask_analysis(
        self, request: pb.AnalyzePlanRequest, turn: Turn, context: QueryContext
    ) -> pb.AnalyzePlanResponse:
        """Ask the server once; whether to try again is for the caller to judge."""
        ready = self._prepare(turn, context)
        with self._translated(ready):
            call = ready.connection.analyze(
                ready.session_id, request, observed=ready.observed, until=_given_up(context.deadline)
            )
            reason = wait(call, context)
            if reason is not None:
                if reason == "cancelled" or not self._outlast(ready.connection, call, context.cancel):
                    self._aside(turn, lambda: self._outlast(ready.connection, call, times=MOST_TIMES))
                raise Interrupted(reason)
            response: pb.AnalyzePlanResponse = call.result()
        context.check()
        return response

    def _turn_of(self, context: QueryContext) -> Turn:
        """The turn of a query; one that was lost before is a suspect from the start."""
        return Turn(self._record, strikes=int(context.isolated))

    @contextlib.contextmanager
    def _turn(self, turn: Turn) -> Iterator[None]:
        """Leave the line at the end, unless whoever stops the query does."""
        with self._lock:
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
            if not turn.stopping:
                self._endpoint.turns.leave(turn)

    def _moved(self, turn: Turn) -> ConnectSession | None:
        """Where to ask instead if its tenant was sent away while a query stood in the line, which is left."""
        place = self.place()
        if place is self:
            return None
        self._endpoint.turns.leave(turn)
        return place

    def _judge(self, turn: Turn, lost: BackendLost, *, may_repeat: bool) -> None:
        """Return if a lost query is to be asked again, else raise."""
        lost.alone = turn.convicted
        if turn.convicted:
            self._blame(sure=True)
        if lost.alone or not turn.struck or not may_repeat or turn.strikes >= MOST_STRIKES:
            raise lost

    def _blame(self, *, sure: bool) -> None:
        """A query of this session ended the server, or (not for sure its fault) had to be stopped with it."""
        self._record.blame += 1
        self._endpoint.convict(self._tenant, sure=sure)

    def close(self) -> None:
        """Release the session on the backend, once nothing has to be stopped. Never raises."""
        with self._lock:
            self._closed = True
            others = self._made()
            self._clean = (
                self._clean and not self._inside
            )  # a call that nobody waits for any more hangs in it
            stopping = self._stopping > 0
        for session in others:
            session.close()
        if not stopping:
            self._release()

    def _made(self) -> list[ConnectSession]:
        """The sessions that are `under` this one, or in place of it, and end with it."""
        return [*self._under.values(), *([] if self._elsewhere is None else [self._elsewhere])]

    def _release(self) -> None:
        with self._lock:
            ready, self._ready = self._ready, None
        if ready is not None and not ready.connection.closed:
            if self._settings:  # whoever comes next must not find them
                ready.connection.release(ready.session_id)
                return
            self._endpoint.retire(ready.connection, ready.session_id, tenant=self._tenant, clean=self._clean)

    def _aside(self, turn: Turn, stop: Callable[[], object]) -> None:
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

    def _outlast(
        self,
        connection: Connection,
        call: Any,
        cancel: threading.Event | None = None,
        *,
        times: float = STOP_TIMES,
    ) -> bool:
        """Let an analysis end, for a while: no server can interrupt one, as it has no operation id.

        Returns:
            False if that has to be gone on with while nobody waits: `cancel` was set, or others keep the
            server from the processors.
        """
        grace = self._endpoint.grace(connection, GRACE_SECONDS, times=times)
        while (left := grace.left()) > 0:
            if (reason := wait(call, QueryContext(Deadline.after(left), cancel))) != "deadline":
                return reason is None
        if grace.starved and times < MOST_TIMES:
            return False
        self._clean = False
        self._blame(sure=False)
        self._endpoint.end_server(connection, "an analysis went on after its time was over")
        call.cancel()
        return True

    def _prepare(self, turn: Turn, context: QueryContext) -> _Ready:
        """The connection to use, with this session's configuration set on its server."""
        began = time.monotonic()
        connection = self._endpoint.connection(context)
        self._record.disturbed += time.monotonic() - began > PATIENT_SECONDS
        self._endpoint.turns.begin(turn, connection)
        with self._lock:
            if self._closed:
                raise EngineClosed("this session is closed; open another")
            ready = self._ready
            if ready is not None and ready.connection is connection:
                return ready
            if not self._configuration:
                ready = self._ready = _Ready(connection, self.id, self._observed)
                return ready
        return self._configuring.get(lambda _: self._configure(connection), context)

    def _configure(self, connection: Connection) -> _Ready:
        """Set the session's configuration on its server; done by one thread for all that wait for it."""
        ready = _Ready(connection, self.id)
        with self._translated(ready):
            observed = connection.set_config(ready.session_id, self._configuration)
        ready = replace(ready, observed=observed)
        with self._lock:
            self._ready = ready
        return ready

    def _forget(self, ready: _Ready, *, forgotten: bool) -> None:
        """The server behind a session was lost, or has `forgotten` the session: configure it again."""
        with self._lock:
            if self._ready is not None and self._ready is not ready:
                return  # it was done by another query that met the same
            self._ready = None
            if forgotten and self._configuration:
                self.id = str(uuid.uuid4())  # one that was closed is never opened again

    @contextlib.contextmanager
    def _translated(self, ready: _Ready) -> Iterator[None]:
        """Raise our errors for gRPC's."""
        connection = ready.connection
        try:
            yield
        except grpc.RpcError as error:
            failure = decode_failure(error, connection.error_details(ready.session_id))
            if connection.closed and not isinstance(failure, BackendLost):
                failure = BackendLost(failure.detail)
            if isinstance(failure, BackendLost):
                if is_ending(failure) and not connection.closed:  # all its queries hear it; one is enough
                    self._endpoint.end_server(connection, f"it shuts down by itself: {where_ended(failure)}")
                self._endpoint.note_broken(connection)
                self._forget(ready, forgotten=forgot_session(failure))
            raise failure from None
        except ValueError as error:  # a channel that was closed meanwhile, by us or by whose session it is
            if not connection.closed and not str(error).startswith(_CLOSED):
                raise
            raise BackendLost(str(error)) from None

    def _stop(self, turn: Turn, asked: _Asked) -> None:
        """Stop a query for good while somebody waits for that: interrupt it, or else end the server.

        Never raises. If others keep the server from the processors, it goes on while nobody waits.
        """
        self._clean = False
        grace = self._endpoint.grace(asked.ready.connection, GRACE_SECONDS)
        fault = self._interrupt(asked, grace)
        if fault and grace.starved:
            self._aside(turn, lambda: self._stop_patiently(asked))
        elif fault and not self._end(asked, fault):
            self._aside(turn, lambda: self._insist(asked))

    def _stop_patiently(self, asked: _Asked) -> None:
        """Stop a query for good while nobody waits; see `_stop`."""
        grace = self._endpoint.grace(asked.ready.connection, GRACE_SECONDS, times=MOST_TIMES)
        fault = self._interrupt(asked, grace)
        if fault and not self._end(asked, fault):
            self._insist(asked)

    def _interrupt(self, asked: _Asked, grace: Grace) -> str:
        """Tell a server to stop a query until it has; return what is wrong if it did not, for the log."""
        ready = asked.ready
        if not self._endpoint.interrupts or ready.connection.closed:
            return "it can stop no query, and one has to stop"
        while not ready.connection.closed and (left := grace.left()) > 0:
            if not asked.over:
                with contextlib.suppress(grpc.RpcError, ValueError):  # again: it may not have begun yet
                    ready.connection.interrupt(
                        ready.session_id, asked.operation, left, observed=ready.observed
                    )
            if asked.drain(Deadline.after(min(left, _INTERRUPT_SECONDS))):
                idle = self._endpoint.wait_idle(ready.connection, grace)
                return "" if idle else "tasks of a query went on after it was stopped"
        return "a query went on after it was told to stop"

    def _end(self, asked: _Asked, reason: str) -> bool:
        """End a server that did not stop a query.

        Returns:
            False if the query may go on in a server that is not ours to end, and would be heard of no more.
        """
        connection = asked.ready.connection
        self._blame(sure=False)
        self._endpoint.end_server(connection, reason)
        asked.call.cancel()
        asked.drain(Deadline.after(GRACE_SECONDS))
        return connection.closed or not self._endpoint.interrupts

    def _insist(self, asked: _Asked) -> None:
        """Tell a server to stop a query until it hears that: one that hung would go on with it."""
        ready, until = asked.ready, Deadline.after(_INSIST_SECONDS)
        while not ready.connection.closed and (left := until.remaining()) > 0:
            try:
                ready.connection.interrupt(
                    ready.session_id, asked.operation, min(left, GRACE_SECONDS), observed=ready.observed
                )
            except grpc.RpcError as error:
                if error.code() not in _UNHEARD:
                    return
            except ValueError:  # gRPC's word for a closed channel
                return
            else:
                return
            time.sleep(_INSIST_PAUSE_SECONDS)


def _again(turn: Turn) -> Turn:
    """The turn of the same query on another server."""
    return Turn(turn.record, strikes=turn.strikes)


def _given_up(deadline: Deadline) -> Deadline:
    """When gRPC itself gives a call up, should nothing here have stopped it: later than all of that takes."""
    return Deadline(deadline.at + (STOP_TIMES + 1) * GRACE_SECONDS)


def _taken(held: list[_T]) -> Iterator[_T]:
    """What a list holds, which is empty afterwards."""
    while held:
        yield held.pop(0)
