"""What a worker's conversation needs of whatever answers the requests of a run's calls: see `answers`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from engine.backends.base import BackendSession
from engine.context import QueryContext
from engine.errors import BackendError
from engine.gateway.budget import FrameBudget
from engine.queries.calls import Evaluating, FrameCall
from engine.queries.carried import Reply
from sandbox.contract.messages import ReplyError


class CallAnswers(Protocol):
    """What the requests of one call are answered with.

    Attributes:
        call: the call.
        function_raised: what the worker is told where a function of the author raised.
    """

    call: FrameCall
    function_raised: ReplyError

    @property
    def queries(self) -> int:
        """How many requests were sent to the backend."""
        ...

    def prefetch(self) -> bytes | None:
        """The payload of a PREFETCHED frame, if there is one to send."""
        ...

    def note_used(self) -> None:
        """The worker took what was prefetched.

        Raises:
            ChannelGarbage: nothing was prefetched.
        """
        ...

    def note_end(self) -> None:
        """The call has ended."""
        ...

    def responses(self, payload: memoryview) -> Iterator[Reply]:
        """Answer one request; see `Answers.responses`."""
        ...

    def explain(self, error: BackendError) -> ReplyError:
        """A failed query in words for the author."""
        ...


class RunAnswering(Protocol):
    """What answers the requests of a run's calls."""

    @property
    def session(self) -> BackendSession:
        """The run's session on the backend."""
        ...

    def of_call(
        self, call: FrameCall, budget: FrameBudget, context: QueryContext, evaluating: Evaluating
    ) -> CallAnswers:
        """What answers one call.

        Args:
            call: the call.
            budget: is charged for plans and for what is fetched.
            context: how its questions are asked.
            evaluating: has the call's worker apply functions of the author.
        """
        ...
