"""A session on one server, which asks until there is an answer.

A query under which a local server died is asked again here, apart from all others, as long as nobody has
seen a row of its answer; see `engine.backends.connect.suspect_queue`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

import pyspark.sql.connect.proto as pb

from engine.backends.connect.attempt import analyze_once, execute_once
from engine.backends.connect.completeness import TruncatedAnswer
from engine.backends.connect.endpoint import Owner
from engine.backends.connect.handle import KnownSession, SessionHandle
from engine.backends.connect.stopping import Stopper
from engine.backends.connect.suspect_queue import MOST_CRASHES, QueryTurn
from engine.context import QueryContext, Settings
from engine.errors import BackendLost

_T = TypeVar("_T")


class Moved(Exception):
    """The tenant was sent to another server while its query stood in the queue; the query was not asked."""


class ServerSession:
    """One session on one server. It outlives a restart of the server. Thread-safe."""

    def __init__(self, owner: Owner, settings: Settings = (), known: KnownSession | None = None) -> None:
        """Nothing is asked yet; arguments as of `SessionHandle`."""
        self._owner = owner
        self._turns = owner.endpoint.turns
        self._handle = SessionHandle(owner, settings, known)
        self._stopper = Stopper(owner)
        self._lock = threading.Lock()
        self._inside = 0
        self._left_inside = False

    @property
    def is_stopping(self) -> bool:
        """Whether something that was asked in it is still being stopped."""
        return self._stopper.is_stopping

    def execute(
        self, plan: pb.Plan, turn: QueryTurn, context: QueryContext
    ) -> Iterator[pb.ExecutePlanResponse]:
        """Run a plan. What comes before its rows is held back, to ask again unseen.

        Args:
            plan: what to run.
            turn: of the query.
            context: how it is asked.

        Raises:
            Moved: it is to be asked elsewhere.
            Interrupted, BackendLost, BackendError: as `BackendSession.execute`.
        """
        context.check()
        seen = False
        try:
            with contextlib.closing(self._asked(plan, turn, context)) as responses:
                for response in responses:
                    seen = True
                    yield response
            return
        except TruncatedAnswer:
            if seen:
                raise
        # The first may still be stopped, by who ends its turn then: the second has one of its own.
        yield from self._asked(plan, QueryTurn(turn.record, crashes=turn.crashes), context)

    def _asked(
        self, plan: pb.Plan, turn: QueryTurn, context: QueryContext
    ) -> Generator[pb.ExecutePlanResponse, None, None]:
        """Ask until no server dies under it; arguments and errors as of `execute`, and `TruncatedAnswer`."""
        seen = False
        with self._in_queue(turn):
            while True:
                held: list[pb.ExecutePlanResponse] = []
                self._enter(turn, context)
                try:
                    answer = execute_once(self._handle, self._stopper, plan, turn, context)
                    with contextlib.closing(answer) as responses:
                        for response in responses:
                            held.append(response)
                            if seen or response.HasField("arrow_batch"):
                                seen = True
                                yield from _taken(held)
                    yield from held
                    return
                except TruncatedAnswer:
                    raise  # the turn may be ended by who stops the query, so it is not used again
                except BackendLost as lost:
                    self._check_repeatable(turn, lost, may_repeat=not seen)

    def analyze(
        self, request: pb.AnalyzePlanRequest, turn: QueryTurn, context: QueryContext
    ) -> pb.AnalyzePlanResponse:
        """Answer an analyze request; arguments and errors as of `execute`."""
        context.check()
        with self._in_queue(turn):
            while True:
                self._enter(turn, context)
                try:
                    return analyze_once(self._handle, self._stopper, request, turn, context)
                except BackendLost as lost:
                    self._check_repeatable(turn, lost, may_repeat=True)

    def close(self) -> None:
        """Release the session on the server, once nothing has to be stopped. Never raises."""
        self._handle.close()  # first: whoever was let in is inside
        with self._lock:
            self._left_inside = self._inside > 0  # a call that nobody waits for any more hangs in it
        self._stopper.when_done(self._release)

    def _release(self) -> None:
        self._handle.release(clean=self._stopper.clean and not self._left_inside)

    @contextlib.contextmanager
    def _in_queue(self, turn: QueryTurn) -> Iterator[None]:
        """Leave the queue at the end, unless whoever stops the query does."""
        with self._lock:
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
            if not turn.stopping:
                self._turns.end(turn)

    def _enter(self, turn: QueryTurn, context: QueryContext) -> None:
        """Wait in the queue until the query may be asked, or raise `Moved`."""
        self._turns.enter(turn, context)
        if self._owner.is_elsewhere:
            raise Moved

    def _check_repeatable(self, turn: QueryTurn, lost: BackendLost, *, may_repeat: bool) -> None:
        """Return if a lost query is to be asked again, else raise."""
        lost.by_this_query = turn.is_culprit
        if turn.is_culprit:
            self._owner.quarantine(sure=True)
        if lost.by_this_query or not turn.server_died or not may_repeat or turn.crashes >= MOST_CRASHES:
            raise lost


def _taken(held: list[_T]) -> Iterator[_T]:
    """What a list holds, which is empty afterwards."""
    while held:
        yield held.pop(0)
