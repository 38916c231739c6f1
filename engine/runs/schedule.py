"""Which frame runs next, and what is left: the state of a run, without threads, clocks or processes.

A frame whose backend went away, or that ran out of time because others kept it waiting, is run again, a
bounded number of times, unless it was the one that ended the backend. Once the run is stopped (by its caller
or its deadline) every frame that has no result gets the reason as its ending. Pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from engine.runs.call_results import Ending, FinishedCall

TRIES: Final = 3


class Schedule:
    """Frames to run, by index. Not thread-safe; its user holds a lock.

    Attributes:
        complete: whether no more frames will be added.
    """

    def __init__(self, frames: Sequence[int], *, complete: bool = True) -> None:
        self.complete = complete
        self._waiting = deque(frames)
        self._tries = dict.fromkeys(frames, 0)
        self._unfinished = set(frames)
        self._stopped: Ending | None = None

    @property
    def done(self) -> bool:
        """Whether every frame has ended."""
        return not self._unfinished

    @property
    def idle(self) -> bool:
        """Whether there is nothing to start now, but may be later."""
        return self._stopped is None and not self._waiting and not self.complete

    def extend(self, frames: Sequence[int]) -> None:
        """Add the frames that were found meanwhile; these are all."""
        self.complete = True
        self._unfinished.update(frames)
        self._tries.update(dict.fromkeys(frames, 0))
        if self._stopped is None:
            self._waiting.extend(frames)

    def take(self) -> int | None:
        """The next frame to run, or None if there is none to start now."""
        if self._stopped is not None or not self._waiting:
            return None
        frame = self._waiting.popleft()
        self._tries[frame] += 1
        return frame

    def was_hit(self, frame: int) -> bool:
        """Whether a frame that runs was run before, and lost its backend."""
        return self._tries[frame] > 1

    def end(self, frame: int, ended: FinishedCall) -> FinishedCall | None:
        """A frame's call ended; return what to record, or None if it will be run again."""
        if self._stopped is None and ended.may_go_better and self._tries[frame] < TRIES:
            self._waiting.appendleft(frame)
            return None
        self._unfinished.discard(frame)
        return ended

    def put_back(self, frame: int) -> None:
        """A frame that was taken could not be run in the worker at hand: it is the next one again."""
        self._tries[frame] -= 1
        if self._stopped is None:
            self._waiting.appendleft(frame)

    def stop(self, reason: Ending) -> None:
        """Start no more frames."""
        if self._stopped is None:
            self._stopped = reason
            self._waiting.clear()

    def drain(self) -> list[tuple[int, FinishedCall]]:
        """After the last call ended: the frames that never ran, each with the reason."""
        reason = self._stopped
        if reason is None:
            return []
        left = sorted(self._unfinished)
        self._unfinished.clear()
        return [(frame, FinishedCall(reason)) for frame in left]
