"""Stopping what a session has asked on a server, once nobody waits for its answer any longer.

It goes by steps: Interrupt with the call left open (cancelling the call leaves Spark computing), a grace of
two seconds, then the endpoint ends the server; one that is not ours to end is told again until it hears.
Seconds in which other programs keep a local server from the processors do not count. Whoever cancels does not
wait for that: a thread of its own stops the query.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import grpc

from engine.backends.connect.calls import Pumped, drain, wait
from engine.backends.connect.endpoint import STOP_TIMES, Owner
from engine.backends.connect.handle import ConfiguredSession
from engine.backends.connect.rpc import Connection
from engine.backends.connect.suspect_queue import QueryTurn
from engine.context import Deadline, QueryContext, Reason
from engine.effort import MOST_TIMES, Grace

if TYPE_CHECKING:
    from engine.backends.connect.stub import Analysis, Execution

GRACE_SECONDS: Final = 2.0
_INTERRUPT_SECONDS: Final = 0.4
# How long a server that does not answer is told to stop a query that nobody waits for, and how often.
_RETRY_INTERRUPT_SECONDS: Final = 1_800.0
_RETRY_PAUSE_SECONDS: Final = 1.0
# It may hear it yet; all other errors are answers.
_UNHEARD: Final = frozenset({grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE})


def given_up(deadline: Deadline) -> Deadline:
    """When gRPC itself gives a call up, should nothing here have stopped it: later than all of that takes."""
    return Deadline(deadline.at + (STOP_TIMES + 1) * GRACE_SECONDS)


@dataclass(slots=True)
class RunningQuery:
    """A query on its way.

    Attributes:
        ready: the session that it was asked in.
        operation: its id.
        call: gRPC's call, of which the responses come.
        responses: what has come, and at last the call's end.
        over: whether that end was taken from them.
    """

    ready: ConfiguredSession
    operation: str
    call: Execution
    responses: Pumped
    over: bool = False

    def drain(self, until: Deadline) -> bool:
        """Throw responses away up to the end; False if it did not come in time."""
        self.over = self.over or drain(self.responses, until)
        return self.over

    def interrupt(self, seconds: float) -> None:
        """Tell the server to stop it, waiting so many seconds at most to be heard.

        Raises:
            grpc.RpcError: it was not heard, or there is nothing to stop.
            ValueError: the channel is closed.
        """
        self.ready.connection.interrupt(
            self.ready.session_id, self.operation, seconds, observed=self.ready.observed
        )


class Stopper:
    """Stops the queries and analyses of one session. Thread-safe."""

    def __init__(self, owner: Owner) -> None:
        """Nothing has to be stopped yet.

        Args:
            owner: on whose endpoint they are asked, and who is blamed for a server that has to be ended.
        """
        self._owner = owner
        self._endpoint = owner.endpoint
        self._lock = threading.Lock()
        self._aside = 0
        self._then: Callable[[], None] | None = None
        self._clean = True

    @property
    def clean(self) -> bool:
        """Whether nothing ever had to be stopped."""
        return self._clean

    @property
    def is_stopping(self) -> bool:
        """Whether something is being stopped while nobody waits for that."""
        return self._aside > 0

    def when_done(self, then: Callable[[], None]) -> None:
        """Call `then` now, or once all that is being stopped is; and again after what comes later."""
        with self._lock:
            self._then = then
            done = self._aside == 0
        if done:
            then()

    def stop(self, query: RunningQuery, turn: QueryTurn) -> None:
        """Stop a query for good while somebody waits for that: interrupt it, or else end the server.

        Never raises. If others keep the server from the processors, it goes on while nobody waits.
        """
        self._clean = False
        grace = self._endpoint.grace(query.ready.connection, GRACE_SECONDS)
        fault = self._interrupt(query, grace)
        if fault and grace.starved:
            self.stop_aside(query, turn)
        elif fault and not self._end(query, fault):
            self._go_on(turn, lambda: _retry_interrupt(query))

    def stop_aside(self, query: RunningQuery, turn: QueryTurn) -> None:
        """Stop a query for good while nobody waits; see `stop`."""
        self._go_on(turn, lambda: self._stop_patiently(query))

    def stop_analysis(
        self,
        connection: Connection,
        call: Analysis,
        turn: QueryTurn,
        reason: Reason,
        cancel: threading.Event | None,
    ) -> None:
        """Let an analysis end, for a while: no server can interrupt one, as it has no operation id.

        Args:
            connection: to the server.
            call: gRPC's call.
            turn: of the query.
            reason: why it is over; who cancelled does not wait.
            cancel: ends the waiting here, which then goes on while nobody waits.
        """
        if reason == "cancelled" or not self._outlast(connection, call, cancel):
            self._go_on(turn, lambda: self._outlast(connection, call, times=MOST_TIMES))

    def _go_on(self, turn: QueryTurn, stop: Callable[[], object]) -> None:
        """Stop something while nobody waits, and leave the queue for it afterwards."""
        turn.stopping = True

        def run() -> None:
            try:
                stop()
            finally:
                self._endpoint.turns.end(turn)
                with self._lock:
                    self._aside -= 1
                    then = None if self._aside else self._then
                if then is not None:
                    then()

        with self._lock:
            self._aside += 1
            self._clean = False
        threading.Thread(target=run, name="calcmetric-stop", daemon=True).start()

    def _stop_patiently(self, query: RunningQuery) -> None:
        grace = self._endpoint.grace(query.ready.connection, GRACE_SECONDS, times=MOST_TIMES)
        fault = self._interrupt(query, grace)
        if fault and not self._end(query, fault):
            _retry_interrupt(query)

    def _interrupt(self, query: RunningQuery, grace: Grace) -> str:
        """Tell a server to stop a query until it has; return what is wrong if it did not, for the log."""
        connection = query.ready.connection
        if not self._endpoint.interrupts or connection.closed:
            return "it can stop no query, and one has to stop"
        while not connection.closed and (left := grace.left()) > 0:
            if not query.over:
                with contextlib.suppress(grpc.RpcError, ValueError):  # again: it may not have begun yet
                    query.interrupt(left)
            if query.drain(Deadline.after(min(left, _INTERRUPT_SECONDS))):
                idle = self._endpoint.wait_idle(connection, grace)
                return "" if idle else "tasks of a query went on after it was stopped"
        return "a query went on after it was told to stop"

    def _end(self, query: RunningQuery, reason: str) -> bool:
        """End a server that did not stop a query.

        Returns:
            False if the query may go on in a server that is not ours to end, and would be heard of no more.
        """
        connection = query.ready.connection
        self._owner.quarantine(sure=False)
        self._endpoint.end_server(connection, reason)
        query.call.cancel()
        query.drain(Deadline.after(GRACE_SECONDS))
        return connection.closed or not self._endpoint.interrupts

    def _outlast(
        self,
        connection: Connection,
        call: Analysis,
        cancel: threading.Event | None = None,
        *,
        times: float = STOP_TIMES,
    ) -> bool:
        """Wait for an analysis to end, or end the server at last.

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
        self._owner.quarantine(sure=False)
        self._endpoint.end_server(connection, "an analysis went on after its time was over")
        call.cancel()
        return True


def _retry_interrupt(query: RunningQuery) -> None:
    """Tell a server to stop a query until it hears that: one that hung would go on with it."""
    until = Deadline.after(_RETRY_INTERRUPT_SECONDS)
    while not query.ready.connection.closed and (left := until.remaining()) > 0:
        try:
            query.interrupt(min(left, GRACE_SECONDS))
        except grpc.RpcError as error:
            if error.code() not in _UNHEARD:
                return
        except ValueError:  # gRPC's word for a closed channel
            return
        else:
            return
        time.sleep(_RETRY_PAUSE_SECONDS)
