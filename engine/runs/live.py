"""A run in progress, as its caller holds it: progress, cancelling, results as they come, the end.

Thread-safe. Waiting is by condition for threads and by callbacks into the loop for asyncio; no thread
is spent on waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

from engine.models.result import Result
from engine.models.run import Run
from engine.threads import Pending

_TELL_SECONDS: Final = 5.0  # for the last call of the caller's function

logger = logging.getLogger(__name__)

Stage = Literal["waiting", "counting", "fetching", "calculating", "done"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        stage: "waiting" for its turn or the backend, "counting" rows and finding segments, "fetching" objects
            from an object store before that, "calculating" frames, "done".
        done: frames that have a result, or objects that were fetched.
        total: frames or objects in all; 0 until they are known.
    """

    stage: Stage
    done: int = 0
    total: int = 0

    @property
    def percent(self) -> int:
        """Whole percent of the frames, 0 to 100."""
        if self.stage == "fetching":
            return 0
        return 100 if self.stage == "done" else self.done * 100 // self.total if self.total else 0

    def __str__(self) -> str:
        what = "objects" if self.stage == "fetching" else "frames"
        return f"{self.stage}: {self.done} of {self.total} {what}" if self.total else self.stage

    def _repr_html_(self) -> str:
        from engine.display.pages import progress_cell  # here: only notebooks ask for it

        return progress_cell(self)


class LiveRun:
    """A submitted run.

    Iterating (`for` or `async for`) yields each `Result` once, as it comes; of a metric that gives several
    numbers, those that a frame does not give come last, for names are known at the end only. `result()` and
    `await` give the finished `Run`, or raise what ended it. Giving up waiting does not cancel the run;
    `cancel()` does.
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
        self._sealed = False

    @property
    def progress(self) -> Progress:
        """How far it is now."""
        return self._progress

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._run is not None or self._error is not None

    def _repr_html_(self) -> str:
        return self.progress._repr_html_()

    def cancel(self) -> None:
        """Stop it. Frames without a result become `cancelled`; the run then ends as usual."""
        if not self.done:
            self._on_cancel()

    def result(self, timeout: float | None = None) -> Run:
        """Wait for the end.

        Args:
            timeout: seconds to wait at most; the run goes on after a TimeoutError.

        Raises:
            TimeoutError: the run has not ended in that time.
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
                self._condition.wait_for(partial(self._has_more, seen))
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
            await self._wait_until(partial(self._has_more, seen))
            fresh = self._results[seen:]
            if not fresh:
                self._outcome()
                return
            seen += len(fresh)
            for result in fresh:
                yield result

    def advance(self, progress: Progress, result: Result | None = None) -> None:
        """Note progress, and a new result if there is one, and tell of it. Called by the run."""
        if self.note(progress, result):
            self.tell(progress)

    def note(self, progress: Progress, result: Result | None = None) -> bool:
        """Note progress without telling of it; False if the run has ended."""
        with self._condition:
            if self._sealed:
                return False
            if result is not None:
                self._results.append(result)
            self._progress = progress
        self._wake()
        return True

    def tell(self, progress: Progress) -> None:
        """Call the caller's function, one call at a time; its mistakes are logged, and end no run."""
        if self._on_progress is None:
            return
        with self._telling:
            try:
                self._on_progress(progress)
            except Exception:
                logger.exception("on_progress raised")

    def finish(self, outcome: Run | BaseException) -> None:
        """End it, with its run or with what went wrong. What comes later of it changes nothing."""
        done = None
        with self._condition:
            if self._sealed:
                return
            self._sealed = True
            if isinstance(outcome, Run):
                total = outcome.frames
                done = self._progress = Progress("done", total, total)
        if done is not None and self._on_progress is not None:
            telling = Pending(partial(self.tell, done), "calcmetric-progress")
            if not telling.done.wait(_TELL_SECONDS):
                logger.warning("on_progress does not return; the run ends without it")
        if isinstance(outcome, Run):
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
