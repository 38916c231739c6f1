"""What functions of one question see and give, where all of it is in memory at once."""

from __future__ import annotations

from collections.abc import Iterator

from engine.queries.calls import Evaluating
from engine.queries.spark.functions.evaluation import Collected
from engine.queries.spark.functions.function_stream import MOST_BYTES
from sandbox.contract.messages import Evaluate


class InMemory:
    """Has functions applied, and counts the bytes that are in memory for it."""

    def __init__(self, evaluating: Evaluating) -> None:
        """Hold nothing yet.

        Args:
            evaluating: has the worker apply functions.
        """
        self.evaluating = evaluating
        self._held = 0

    @property
    def left(self) -> int:
        """How many bytes there still is room for; below 0: too many are held."""
        return MOST_BYTES - self._held

    def hold(self, size: int) -> None:
        """So many bytes more are held."""
        self._held += size

    def given(self, request: Evaluate, pieces: Iterator[bytes], *, again: bool) -> bytes:
        """All bytes that functions give, in one piece.

        Args:
            request: which functions.
            pieces: what they are applied to.
            again: as of `Evaluating`.

        Raises:
            PlanRefused: it is too much.
            FunctionRaised, ChannelGarbage: as of `Evaluating`.
        """
        output = Collected(self.left)
        self.evaluating(request, pieces, output.take, again=again)
        data = output.data()
        self.hold(len(data))
        return data
