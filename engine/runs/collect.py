"""The results of a run as its calls end, some of them before it is known how many frames there are."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from engine.frames import FrameSet
from engine.models.left_out import LeftOut
from engine.models.result import Cut, Result
from engine.queries.counting import BaselineFrames
from engine.results.text import TextBudget
from engine.runs.call_results import Ending, FinishedCall, to_results
from engine.runs.live import LiveRun, Progress
from engine.runs.unfold import unfold
from engine.runs.unreadable import with_reason

# Characters of what all frames of a run printed and raised; every frame's own limit holds, too.
PRINTED_OF_RUN: Final = 4 << 20
CUT_OF_RUN: Final = "[cut: what the frames of this run printed is too much to be kept]\n"


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
        self._left_out: Mapping[str, LeftOut] = MappingProxyType({})
        self._frames: FrameSet | None = None
        self._baseline: BaselineFrames | None = None
        self._early: list[tuple[int, FinishedCall]] = []
        self._printed = TextBudget(PRINTED_OF_RUN, CUT_OF_RUN)
        self._results: dict[int, tuple[Result, ...]] = {}
        self._several = False
        self._told: set[tuple[int, str | None]] = set()
        self._closed = False
        self._lock = threading.Lock()

    def expect_names(self) -> None:
        """The metric declares several numbers: what a frame without names gave is known at the end only."""
        self._several = True

    @property
    def cut(self) -> tuple[Cut, ...]:
        """What is in no frame, as far as that is known."""
        return () if self._frames is None else self._frames.cut

    def leave_out(self, columns: Mapping[str, LeftOut]) -> None:
        """These columns of the dataset, by name in lower case, cannot be read."""
        self._left_out = columns

    def know(self, frames: FrameSet, baseline: BaselineFrames | None = None) -> None:
        """The frames and their rows are known from now on, and those of what they are compared with."""
        with self._lock:
            if self._closed:
                return
            self._frames, self._baseline = frames, baseline
            told = [Progress("calculating", 0, len(frames.frames))]
            self._live.note(told[0])
            told += [self._record(frames, index, ended) for index, ended in self._early]
            self._early.clear()
        self._tell(told)

    def note(self, index: int, ended: FinishedCall) -> None:
        """A frame's call has ended."""
        told: list[Progress] = []
        with self._lock:
            if self._closed:
                return
            if self._frames is None:
                self._early.append((index, ended))
            else:
                told = [self._record(self._frames, index, ended)]
        self._tell(told)

    def close(self, ending: Ending) -> tuple[Result, ...]:
        """End every frame without a result like this, and take no more of them.

        Returns:
            All results; none if the frames are not known.
        """
        with self._lock:
            self._closed = True
            frames = self._frames
            if frames is not None:
                for index in range(len(frames.frames)):
                    if index not in self._results:
                        self._record(frames, index, FinishedCall(ending))
        return self.tell_rest()

    def tell_rest(self) -> tuple[Result, ...]:
        """All results of a run that has ended; those that were not known earlier are told now.

        A run that was given up may still end: what either of the two tells, the other does not tell again.
        """
        with self._lock:
            results = unfold([self._results[index] for index in sorted(self._results)])
            rest = [one for one in results if self._several and _place(one) not in self._told]
            self._told.update(map(_place, rest))
        progress = self._live.progress
        for result in rest:
            self._live.note(progress, result)
        return results

    def _record(self, frames: FrameSet, index: int, ended: FinishedCall) -> Progress:
        planned = frames.frames[index]
        several = self._several
        compared = None if self._baseline is None else self._baseline.rows(index)
        results = to_results(
            planned.frame, planned.rows, ended, self._cpu_limit, several=several, baseline_rows=compared
        )
        results = tuple(self._bounded(with_reason(result, self._left_out)) for result in results)
        self._results[index] = results
        progress = Progress("calculating", len(self._results), len(frames.frames))
        self._live.note(progress)
        for result in results:
            if result.name is not None or not several:
                self._live.note(progress, result)
                self._told.add(_place(result))
        return progress

    def _bounded(self, result: Result) -> Result:
        """A result with as much of what was printed as the run still has room for."""
        return replace(result, printed=self._printed.fit(result.printed))

    def _tell(self, told: list[Progress]) -> None:
        """Call the caller's function: not under the lock, for it may not return."""
        for progress in told:
            self._live.tell(progress)


def _place(result: Result) -> tuple[int, str | None]:
    """What tells a result from the others of its run."""
    return result.frame.index, result.name
