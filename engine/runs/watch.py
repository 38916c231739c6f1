"""Watching the part of a run that calls the backend and the workers.

Each wait in it ends at the run's deadline by itself. If one does not, by a bug or in a library, nobody waits
for it any longer than this.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final, TypeVar

from engine.context import QueryContext
from engine.threads import Pending

# What hangs is given up so long after it should have ended: later than honest queries take to be stopped.
ABANDON_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.05

_T = TypeVar("_T")


class Hangs(Exception):
    """Work should have ended a while ago, and has not.

    Attributes:
        cancelled: whether it should have because it was cancelled, not at its deadline.
    """

    def __init__(self, *, cancelled: bool) -> None:
        super().__init__()
        self.cancelled = cancelled


def watched(work: Callable[[], _T], context: QueryContext) -> _T:
    """Do something in a thread of its own, and wait for no longer than it may take.

    Args:
        work: what to do; it hears of the deadline and the cancel by itself, or hangs.
        context: says when it has to end.

    Raises:
        Hangs: it goes on, and is left to itself.
    """
    pending, heard, end = Pending(work, "calcmetric-frames"), math.inf, context.deadline.at
    while not pending.done.wait(_LOOK_SECONDS):
        now = time.monotonic()
        if context.cancelled:
            heard = min(heard, now)
        if now >= min(heard, end) + ABANDON_SECONDS:
            raise Hangs(cancelled=heard < end)
    return pending.result()
