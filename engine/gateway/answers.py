"""The answers to what one call of calc_metric asks, in whatever language it asks.

What a request says is the language's (`engine.queries.language`). Here is what all languages have in common:
each request is charged to the frame's limits, a question is answered from what frames share or else by the
backend, and what was asked is counted for the run's report.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Generic, TypeVar

from engine.backends.base import BackendSession
from engine.context import QueryContext, RunId
from engine.errors import BackendError
from engine.gateway.budget import FLOOD_SECONDS, FrameBudget
from engine.gateway.prefetch import ExpectedRequest
from engine.models.run import Asked
from engine.queries.asking import Asker
from engine.queries.calls import CallInProgress, Evaluating, FrameCall, told_by
from engine.queries.carried import Batch, Reply, as_frame
from engine.queries.language import Apart, Language, Question, ReadyAnswer, SharedAnswers, Told
from sandbox.contract.framing import ChannelGarbage
from sandbox.contract.messages import ReplyError
from sandbox.contract.prefetched import pack_prefetched

# What is prefetched may go unused, so it is small; so is the request, of which a call's worker gets a digest.
_PREFETCHED_BYTES: Final = 16 << 10
_PREFETCHED_ROWS: Final = 100

_Sharing = TypeVar("_Sharing", bound=SharedAnswers)


@dataclass(frozen=True, slots=True)
class RunAnswers(Generic[_Sharing]):
    """What the calls of one run have in common.

    Attributes:
        language: reads what they ask.
        run: whose calls they are.
        sharing: answers questions for many frames at once; None: each frame asks for itself.
        expected_request: what its calls are expected to ask.
        asked: is given what its calls ask for themselves; None: nobody wants to know.
        baseline: what answers questions over baselines for many frames, once it is known; None: nothing does.
    """

    language: Language[_Sharing]
    run: RunId
    sharing: _Sharing | None = None
    expected_request: ExpectedRequest = field(default_factory=ExpectedRequest)
    asked: list[Asked] | None = None
    baseline: Callable[[QueryContext], _Sharing | None] | None = None

    @property
    def session(self) -> BackendSession:
        """The run's session on the backend."""
        return self.language.session

    def of_call(
        self, call: FrameCall, budget: FrameBudget, context: QueryContext, evaluating: Evaluating
    ) -> Answers[_Sharing]:
        """See `RunAnswering.of_call`."""
        context = replace(context, run=self.run)
        state = CallInProgress(call, context, budget.charge_fetch, evaluating, self.asked)
        return Answers(self, state, budget)


@dataclass(frozen=True, slots=True)
class _Prefetched:
    """An answer that was sent with the call.

    Attributes:
        ready: the answer that was sent.
        size: how many bytes of Arrow data it has.
    """

    ready: ReadyAnswer
    size: int


@dataclass(frozen=True, slots=True)
class _Counted(Generic[_Sharing]):
    """Where it is counted that a frame asks for itself.

    Attributes:
        sharing: keeps the count.
        apart: what is counted.
        asker: the frame's call.
    """

    sharing: _Sharing
    apart: Apart
    asker: Asker


class Answers(Generic[_Sharing]):
    """What the requests of one call are answered with.

    Attributes:
        call: the call.
        function_raised: what the worker is told where a function of the author raised.
    """

    def __init__(self, run: RunAnswers[_Sharing], state: CallInProgress, budget: FrameBudget) -> None:
        """Begin a call.

        Args:
            run: what the calls of its run have in common.
            state: the call.
            budget: is charged for plans and for what is fetched.
        """
        self.call = state.call
        self.function_raised = run.language.function_raised
        self._run = run
        self._state = state
        self._budget = budget
        self._reader = run.language.reader(state)
        self._fetched = 0
        self._asked = False
        self._prefetched: _Prefetched | None = None

    @property
    def queries(self) -> int:
        """How many requests were sent to the backend."""
        return self._state.queries

    def prefetch(self) -> bytes | None:
        """The payload of a PREFETCHED frame; None if the first request is not known, or not its answer."""
        sharing, payload = self._run.sharing, self._run.expected_request.request
        if sharing is None or payload is None:
            return None
        request = self._reader.read(memoryview(payload))
        ready = None if isinstance(request, Told) else request.known(sharing, self._asker())
        if ready is None or ready.rows > _PREFETCHED_ROWS:
            return None
        answer = list(ready.replies())
        size = sum(len(reply.data) for reply in answer if isinstance(reply, Batch))
        if size > _PREFETCHED_BYTES:
            return None
        self._prefetched = _Prefetched(ready, size)
        return pack_prefetched(payload[0], payload[1:], map(as_frame, answer))

    def note_used(self) -> None:
        """The worker took what was prefetched: the same as if it had asked.

        Raises:
            ChannelGarbage: nothing was prefetched, or it has asked for something before.
            LimitExceeded: a limit of the frame was reached.
        """
        prefetched, self._prefetched = self._prefetched, None
        if prefetched is None or self._asked or self._run.sharing is None:
            raise ChannelGarbage("nothing was prefetched")
        self._asked = True
        self._budget.charge_plan()
        self._budget.charge_fetch(prefetched.ready.rows, prefetched.size)
        self._run.sharing.note_used(prefetched.ready, self._asker())
        self._fetched += 1

    def note_end(self) -> None:
        """The call has ended."""
        if self._prefetched is not None:
            self._run.expected_request.note_miss()
        self._reader.close()

    def explain(self, error: BackendError) -> ReplyError:
        """A failed query in words for the author."""
        return self._run.language.explain(error)

    def responses(self, payload: memoryview) -> Iterator[Reply]:
        """Answer one request: yield the responses for the worker, messages and batches.

        Args:
            payload: as the worker sent it.

        Raises:
            ChannelGarbage: it is none of the requests that an honest worker sends.
            FunctionRaised: a function of the author raised.
            PlanRefused: it asks for what a metric may not have.
            LimitExceeded: a limit of the frame was reached.
            BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
        """
        if not self._reader.is_free(payload):
            self._budget.charge_plan()
        elif self._budget.note_cheap():
            time.sleep(FLOOD_SECONDS)
        first, self._asked = not self._asked, True
        request = self._reader.read(payload)
        if first and self._run.language.repeats:
            expected = not isinstance(request, Told) and len(payload) <= _PREFETCHED_BYTES
            self._run.expected_request.note_first(bytes(payload) if expected else None)
        return request.replies if isinstance(request, Told) else self._rows(request)

    def _rows(self, question: Question[_Sharing]) -> Iterator[Reply]:
        """The answer to a question: what frames share, or what the backend says of this one."""
        found = self._shared(question)
        if not isinstance(found, ReadyAnswer):
            yield from self._own(question, found)
            return
        for reply in found.replies():
            if isinstance(reply, Batch):
                self._budget.charge_fetch(reply.rows, len(reply.data))
            yield reply

    def _shared(self, question: Question[_Sharing]) -> ReadyAnswer | _Counted[_Sharing] | None:
        """The answer that frames share; else, if frames share any, what is counted of this one's own."""
        sharing, asker = self._run.sharing, self._asker()
        self._fetched += 1
        if sharing is None:
            return None
        if reason := question.apart:
            sharing.withdraw(asker.run)
            return _Counted(sharing, Apart(question.what, reason), asker)
        other = question.over_baseline()
        if other is not None:
            sharing.withdraw(asker.run)  # whoever counts the data waits for a question about it
            baseline = None if self._run.baseline is None else self._run.baseline(self._state.context)
            if baseline is None:
                return None
            question, sharing, asker.frame = other, baseline, self.call.baseline_index
        try:
            found = question.ask(sharing, asker)
        finally:
            self._state.queries += asker.queries
        if isinstance(found, Apart):
            return _Counted(sharing, found, asker)
        sharing.note_used(found, asker, again=False)
        return found

    def _own(self, question: Question[_Sharing], counted: _Counted[_Sharing] | None) -> Iterator[Reply]:
        """What the backend says of this frame alone."""
        notes = list[str]()
        replies = question.own(notes.append)
        try:
            yield from replies
        finally:
            if counted is not None:
                counted.sharing.note_apart(counted.apart, counted.asker, notes)
            if self._state.asked is not None:
                by, reason = told_by(notes)
                unsure = question.unsure if by == "native" else ""
                self._state.asked.append(Asked(question.what, by, unsure or reason))

    def _asker(self) -> Asker:
        return Asker(self._run.run, self.call.index, self._fetched, self._state.context.shared())
