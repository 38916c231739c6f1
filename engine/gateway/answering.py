"""What the gateway needs of whatever answers a run's requests: PySpark's (`answers`) or Snowpark's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from engine.backends.base import BackendSession
from engine.context import QueryContext
from engine.errors import BackendError
from engine.gateway.budget import FrameBudget
from engine.gateway.carried import Reply
from sandbox.contract.messages import Evaluate, ReplyError
from sandbox.contract.signature import Argument

if TYPE_CHECKING:  # it takes half a second, which whoever only compiles a source need not wait for
    import pyspark.sql.connect.proto as pb


class FunctionRaised(Exception):
    """A function of the author raised while it was applied to rows; its worker knows what.

    Attributes:
        line: where, as the worker says; 0: nobody knows.
    """

    def __init__(self, line: int = 0) -> None:
        super().__init__(line)
        self.line = line


class Evaluating(Protocol):
    """Has the worker apply functions of the author while it waits for an answer."""

    def __call__(
        self,
        evaluate: Evaluate,
        pieces: Iterator[bytes],
        take: Callable[[memoryview], bool],
        *,
        again: bool = False,
    ) -> int:
        """Apply them.

        Args:
            evaluate: which functions, and the type of their arguments.
            pieces: the bytes of the rows; what is refused while they are made is raised once the worker has
                ended.
            take: takes what the worker sends, which may be anything; says whether it wants more of it. What
                it refuses is raised likewise.
            again: whether the same was printed before, and is not kept.

        Returns:
            How often the functions printed or drew random numbers; 0: they did nothing but compute.

        Raises:
            FunctionRaised: one of them raised.
            ChannelGarbage: the worker does something else.
        """
        ...


@dataclass(frozen=True, slots=True)
class FrameCall:
    """One call of calc_metric to be made.

    Attributes:
        index: the frame's index in its run.
        seed: seed of the random generators.
        relation: what the placeholder stands for.
        now: what the time is to the metric; None: it has no clock.
        arguments: the parameters of calc_metric that were set.
        baseline: what the second placeholder stands for; None: the call has one frame.
        baseline_index: the baseline frame's index among those of the run.
    """

    index: int
    seed: int
    relation: pb.Relation
    now: datetime | None = None
    arguments: tuple[Argument, ...] = ()
    baseline: pb.Relation | None = None
    baseline_index: int = 0


class CallAnswers(Protocol):
    """What the requests of one call are answered with."""

    call: FrameCall
    queries: int

    def foretell(self) -> bytes | None:
        """The payload of a FORETOLD frame, if there is one to send."""
        ...

    def note_used(self) -> None:
        """The worker took what was foretold.

        Raises:
            ChannelGarbage: nothing was foretold.
        """
        ...

    def note_end(self) -> None:
        """The call has ended."""
        ...

    def responses(self, payload: memoryview, evaluating: Evaluating) -> Iterator[Reply]:
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

    def of_call(self, call: FrameCall, budget: FrameBudget, context: QueryContext) -> CallAnswers:
        """What answers one call.

        Args:
            call: the call.
            budget: is charged for plans and for what is fetched.
            context: how its questions are asked.
        """
        ...
