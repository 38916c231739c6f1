"""A run in progress, as its caller holds it: progress, cancelling, results as they come, the end.

Thread-safe. Waiting is by condition for threads and by callbacks into the loop for asyncio; no thread
is spent on waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from engine.models.result import Result
from engine.models.run import Run

logger = logging.getLogger(__name__)

Stage = Literal["waiting", "counting", "calculating", "done"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        stage: "waiting" for its turn or the backend, "counting" rows and finding segments, "calculating"
            frames, "done".
        done: frames that have a result.
        total: frames in all; 0 until they are known.
    """

    stage: Stage
    done: int = 0
    total: int = 0

    @property
    def percent(self) -> int:
        """Whole percent of the frames, 0 to 100."""
        return 100 if self.stage == "done" else self.done * 100 // self.total if self.total else 0

    def __str__(self) -> str:
        return f"{self.stage}: {self.done} of {self.total} frames" if self.total else self.stage


class LiveRun:
    """A submitted run.

    Iterating (`for` or `async for`) yields each `Result` once, as it comes. `result()` and `await` give the
    finished `Run`, or raise what ended it. Giving up waiting does not cancel the run; `cancel()` does.
    """

    def __init__(
        self, on_cancel: Callable[[], None], on_progress: Callable[[Progress], None] | None = None
    ) -> None:
        self._condition = threading.Condition()
        self._on_cancel = on_cancel
        self._on_progress = on_progress
        self._progress = Progress("waiting")
        self._results: list[Result] = []
        self._run: Run | None = None
        self._error: BaseException | None = None
        self._wakers: set[Callable[[], None]] = set()
        self._telling = threading.Lock()

    @property
    def progress(self) -> Progress:
        """How far it is now."""
        return self._progress

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._run is not None or self._error is not None

    def cancel(self) -> None:
        """Stop it. Frames without a result become `cancelled`; the run then ends as usual."""
        if not self.done:
            self._on_cancel()

    def result(self, timeout: float | None = None) -> Run:
        """Wait for the end.

        Args:
            timeout: seconds to wait at most; the run goes on after a TimeoutError.

        Raises:
            TimeoutError: it is still running.
            CalcmetricError: what ended the run as a whole, such as a DataError.
        """
        with self._condition:
            if not self._condition.wait_for(lambda: self.done, timeout):
                raise TimeoutError(f"the run is still going on: {self._progress}")
        return self._outcome()

    def __iter__(self) -> Iterator[Result]:
        seen = 0
        while True:
            with self._condition:
                self._condition.wait_for(functools.partial(self._has_more, seen))
                fresh = self._results[seen:]
            if not fresh:
                self._outcome()
                return
            seen += len(fresh)
            yield from fresh

    def __await__(self) -> Generator[Any, None, Run]:
        return self._wait_done().__await__()

    async def __aiter__(self) -> AsyncIterator[Result]:
        seen = 0
        while True:
            await self._wait_until(functools.partial(self._has_more, seen))
            fresh = self._results[seen:]
            if not fresh:
                self._outcome()
                return
            seen += len(fresh)
            for result in fresh:
                yield result

    def advance(self, progress: Progress, result: Result | None = None) -> None:
        """Note progress, and a new result if there is one. Called by the run."""
        if result is not None:
            self._results.append(result)
        self._progress = progress
        self._wake()
        if self._on_progress is not None:
            self._tell(progress)

    def finish(self, outcome: Run | BaseException) -> None:
        """End it, with its run or with what went wrong. Called by the run, once."""
        if isinstance(outcome, Run):
            total = len(outcome.results)
            self.advance(Progress("done", total, total))
            self._run = outcome
        else:
            self._error = outcome
        self._wake()

    def _has_more(self, seen: int) -> bool:
        return self.done or len(self._results) > seen

    def _outcome(self) -> Run:
        if self._error is not None:
            raise self._error
        assert self._run is not None
        return self._run

    def _tell(self, progress: Progress) -> None:
        """Call the caller's function, one call at a time; its mistakes are logged, and end no run."""
        assert self._on_progress is not None
        with self._telling:
            try:
                self._on_progress(progress)
            except Exception:
                logger.exception("on_progress raised")

    def _wake(self) -> None:
        with self._condition:
            self._condition.notify_all()
            wakers = list(self._wakers)
        for wake in wakers:
            wake()

    async def _wait_done(self) -> Run:
        await self._wait_until(lambda: self.done)
        return self._outcome()

    async def _wait_until(self, condition: Callable[[], bool]) -> None:
        loop, event = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed under whoever waits in it
                loop.call_soon_threadsafe(event.set)

        with self._condition:
            self._wakers.add(wake)
        try:
            while not condition():
                await event.wait()
                event.clear()
        finally:
            with self._condition:
                self._wakers.discard(wake)
