"""How long a run goes on: its deadline, its cancel, and the error that ends it before."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from engine.context import Deadline, QueryContext
from engine.errors import Interrupted, LimitExceeded
from engine.runs.call_results import Ending, RunCancelled


class Lifetime:
    """The time of one run. Thread-safe.

    Attributes:
        cancelling: set once it is cancelled, for what waits beside other things.
    """

    def __init__(self, wall_seconds: float) -> None:
        """Let it begin for now; what a run waits for before its turn is not its own time.

        Args:
            wall_seconds: how much of it there is, from `begin` on.
        """
        self.cancelling = threading.Event()
        self._wall_seconds = wall_seconds
        self._began = time.monotonic()
        self._context = QueryContext(Deadline.after(wall_seconds), self.cancelling)
        self._failure: BaseException | None = None
        self._lock = threading.Lock()

    @property
    def context(self) -> QueryContext:
        """How the run asks: until its end, unless it is cancelled."""
        return self._context

    @property
    def cancelled(self) -> bool:
        """Whether somebody has cancelled it, or its own failure has."""
        return self.cancelling.is_set()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._began

    @property
    def failed(self) -> bool:
        """Whether the run ends with an error of the engine's."""
        return self._failure is not None

    def begin(self) -> None:
        """The run has its turn: its time begins now."""
        self._began = time.monotonic()
        self._context = replace(self._context, deadline=Deadline.after(self._wall_seconds))

    def cancel(self) -> None:
        """Let all that asks within it hear that nobody waits any longer."""
        self.cancelling.set()

    def fail(self, error: BaseException) -> None:
        """The run ends with this error, unless it does with an earlier one."""
        with self._lock:
            self._failure = self._failure or error

    def raise_failure(self) -> None:
        """Raise that error, if there is one."""
        if self._failure is not None:
            raise self._failure

    def refuse_cancelled(self) -> None:
        """Raise `Interrupted` once it is cancelled; its time does not matter, which may not have begun."""
        if self.cancelled:
            raise Interrupted("cancelled")

    def refuse_over(self) -> None:
        """Raise `Interrupted` once it is cancelled, and `LimitExceeded` once its time is over."""
        self.refuse_cancelled()
        if self._context.deadline.passed:
            raise self.overtime()

    def overtime(self) -> LimitExceeded:
        """What a run ends with whose time is over."""
        return LimitExceeded("wall_seconds", self._wall_seconds, self._wall_seconds)

    def why(self, *, cancelled: bool) -> Ending:
        """Why the run as a whole was stopped: it was cancelled, or else its time was over."""
        return RunCancelled() if cancelled else self.overtime()
