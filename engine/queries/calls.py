"""One call of calc_metric, as the gateway and the query languages hand it to each other.

Imports nothing of what makes plans and answers: whoever only compiles a source need not wait for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeAlias

from engine.context import QueryContext
from engine.models.run import Asked
from sandbox.contract.messages import Evaluate
from sandbox.contract.signature import Argument

if TYPE_CHECKING:  # it takes half a second
    import pyspark.sql.connect.proto as pb

# Counts rows, and bytes of Arrow data, before they are handed to the worker; raises `LimitExceeded`.
Charge: TypeAlias = Callable[[int, int], None]


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


@dataclass(slots=True)
class CallInProgress:
    """A call while what it asks is answered.

    Attributes:
        call: the call.
        context: how its questions are asked; a language puts in the settings that the call makes.
        charge: is told of what the call fetches.
        evaluating: has its worker apply functions of the author.
        asked: is given what the call asks for itself; None: nobody wants to know.
        queries: how many requests were sent to the backend on its behalf.
    """

    call: FrameCall
    context: QueryContext
    charge: Charge
    evaluating: Evaluating
    asked: list[Asked] | None = None
    queries: int = 0


def told_by(notes: Sequence[str]) -> tuple[str, str]:
    """Who answered, and if that was Spark, why not natively; see `QueryContext.notes`.

    Args:
        notes: of the questions to the backend; none if one answers all.
    """
    reasons = "; ".join(dict.fromkeys(note for note in notes if note))
    return ("spark" if reasons else "native" if notes else ""), reasons
