"""Asking a server once: the answer is whole, or an error is raised at its end."""

from __future__ import annotations

import queue
import time
import uuid
from collections.abc import Generator
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.backends.connect.calls import POLL_SECONDS, End, pumped, raise_end, wait
from engine.backends.connect.completeness import CompletenessCheck, TruncatedAnswer
from engine.backends.connect.handle import ConfiguredSession, SessionHandle
from engine.backends.connect.stopping import RunningQuery, Stopper, given_up
from engine.backends.connect.suspect_queue import QueryTurn
from engine.context import Deadline, QueryContext
from engine.errors import Interrupted

# A stream that was attached to again and ends within this time, without a word, does so for ever.
_SILENT_SECONDS: Final = 1.0


class _Reading:
    """One answer as it comes, over as many streams as the server needs for it.

    Attributes:
        query: the query, with the stream of now.
        whole: what has come.
        ended: whether the stream has ended, so that the query has as well.
    """

    def __init__(
        self, handle: SessionHandle, ready: ConfiguredSession, plan: pb.Plan, until: Deadline
    ) -> None:
        self._handle = handle
        self._until = until
        operation = str(uuid.uuid4())
        with handle.translated(ready):
            call = ready.connection.execute(
                ready.session_id, operation, plan, observed=ready.observed, until=until
            )
        self.query = RunningQuery(ready, operation, call, pumped(call))
        self.whole = CompletenessCheck()
        self.ended = False
        self._attached = (-1, 0.0)

    def poll(self) -> pb.ExecutePlanResponse | None:
        """The next response; None: there is none yet, or the answer is complete."""
        try:
            item = self.query.responses.get(timeout=POLL_SECONDS)
        except queue.Empty:
            return None
        if not isinstance(item, End):
            return item
        self.ended = True
        ready = self.query.ready
        with self._handle.translated(ready):
            raise_end(item)
        if self.whole.complete:
            ready.connection.release_execution(ready.session_id, self.query.operation)
        else:
            self._attach()
        return None

    def _attach(self) -> None:
        """Go on in another stream, where the server ended one before the answer's end."""
        whole, ready, operation = self.whole, self.query.ready, self.query.operation
        silent = whole.responses == self._attached[0]
        if not whole.last_id or (silent and time.monotonic() - self._attached[1] < _SILENT_SECONDS):
            raise TruncatedAnswer("the data engine ended its answer before its end")
        self._attached = whole.responses, time.monotonic()
        with self._handle.translated(ready):
            call = ready.connection.attach(ready.session_id, operation, whole.last_id, until=self._until)
        self.query, self.ended = RunningQuery(ready, operation, call, pumped(call)), False


def execute_once(
    handle: SessionHandle, stopper: Stopper, plan: pb.Plan, turn: QueryTurn, context: QueryContext
) -> Generator[pb.ExecutePlanResponse, None, None]:
    """Run a plan; yield the responses as they come. A query that nobody waits for any longer is stopped.

    Args:
        handle: the session to ask in.
        stopper: of that session.
        plan: what to run.
        turn: of the query, which has entered the queue.
        context: how it is asked.

    Raises:
        Interrupted, BackendLost, BackendError: as `BackendSession.execute`.
        TruncatedAnswer: the answer ended before its end, or a part of it is missing.
    """
    reading = _Reading(handle, handle.ready(turn, context), plan, given_up(context.deadline))
    waits = True
    try:
        while True:
            response = reading.poll()
            if reading.ended:
                return
            if reason := context.over:
                if reason == "deadline":
                    waits = False
                    stopper.stop(reading.query, turn)
                raise Interrupted(reason)
            if response is not None:
                reading.whole.note(response)
                if not response.HasField("result_complete"):
                    yield response
    finally:
        if waits and not reading.ended:  # nobody waits for the answer any more, nor for the query's end
            stopper.stop_aside(reading.query, turn)


def analyze_once(
    handle: SessionHandle,
    stopper: Stopper,
    request: pb.AnalyzePlanRequest,
    turn: QueryTurn,
    context: QueryContext,
) -> pb.AnalyzePlanResponse:
    """Answer an analyze request; arguments and errors as of `execute_once`."""
    ready = handle.ready(turn, context)
    with handle.translated(ready):
        call = ready.connection.analyze(
            ready.session_id, request, observed=ready.observed, until=given_up(context.deadline)
        )
        if (reason := wait(call, context)) is not None:
            stopper.stop_analysis(ready.connection, call, turn, reason, context.cancel)
            raise Interrupted(reason)
        response = call.result()
    context.check()
    return response
