"""The results of a run as its calls end, some of them before it is known how many frames there are."""

from __future__ import annotations

import threading

from engine.frames import FrameSet
from engine.models.result import Result
from engine.runs.conclude import Ended, conclude
from engine.runs.live import LiveRun, Progress


class Collector:
    """Makes results of endings, and tells the run's caller of them. Thread-safe."""

    def __init__(self, live: LiveRun, cpu_limit: float) -> None:
        """Collect nothing yet.

        Args:
            live: what the caller holds.
            cpu_limit: the limit cpu_seconds, for workers that were ended for it.
        """
        self._live = live
        self._cpu_limit = cpu_limit
        self._frames: FrameSet | None = None
        self._early: list[tuple[int, Ended]] = []
        self._results: dict[int, Result] = {}
        self._lock = threading.Lock()

    @property
    def results(self) -> tuple[Result, ...]:
        """All results, in the order of frames; for a run that has ended."""
        return tuple(self._results[index] for index in sorted(self._results))

    def know(self, frames: FrameSet) -> None:
        """The frames and their rows are known from now on."""
        with self._lock:
            self._frames = frames
            self._live.advance(Progress("calculating", 0, len(frames.frames)))
            for index, ended in self._early:
                self._record(frames, index, ended)
            self._early.clear()

    def note(self, index: int, ended: Ended) -> None:
        """A frame's call has ended."""
        with self._lock:
            if self._frames is None:
                self._early.append((index, ended))
            else:
                self._record(self._frames, index, ended)

    def _record(self, frames: FrameSet, index: int, ended: Ended) -> None:
        planned = frames.frames[index]
        result = conclude(planned.frame, planned.rows, ended, self._cpu_limit)
        self._results[index] = result
        self._live.advance(Progress("calculating", len(self._results), len(frames.frames)), result)
