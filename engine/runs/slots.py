"""The slots that the workers of one run wait for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from engine.context import RunId
from engine.runs.lifetime import Lifetime
from engine.runs.limiters import Limiters


class RunSlots:
    """What one run holds of an engine's slots. Thread-safe."""

    def __init__(self, limiters: Limiters, tenant: str, run: RunId, lifetime: Lifetime) -> None:
        """Hold nothing yet.

        Args:
            limiters: give the slots.
            tenant: whose they are.
            run: tells the run from others.
            lifetime: of the run, which ends its waiting.
        """
        self._limiters = limiters
        self._tenant = tenant
        self._run = run
        self._lifetime = lifetime

    @contextlib.contextmanager
    def compiling(self) -> Iterator[None]:
        """Hold a slot while a worker compiles the source.

        Raises:
            Interrupted: the run was cancelled before there was one.
        """
        with self._limiters.compiling.slot(self._tenant, self._run, self._lifetime.refuse_cancelled):
            yield

    @contextlib.contextmanager
    def calling(self, frame: int) -> Iterator[None]:
        """Hold a slot while a frame's call runs; frame 0 does not wait for it.

        Raises:
            Interrupted: the run was cancelled before there was one.
            LimitExceeded: its time was over before.
        """
        calls = self._limiters.calls
        if frame == 0:  # goes with the turn: what metrics ask first is answered for all together
            ticket = calls.take(self._tenant, self._run)
        else:
            ticket = calls.acquire(self._tenant, self._run, self._lifetime.refuse_over)
        try:
            yield
        finally:
            calls.release(ticket)

    def leave_all(self) -> None:
        """Give back what calls and queries hold, whose threads may hang; they can do so again later."""
        self._limiters.calls.release_all(self._run)
        self._limiters.queries.release_all(self._run)
