"""By whom the questions about a dataset were answered, for a run's report."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Final

from engine.models.run import Answered

_MOST_REASONS: Final = 1_000


class AnswerCounts:
    """Counts answers: native ones, and Spark's by the reason why it was needed. Thread-safe."""

    def __init__(self) -> None:
        """Begin without answers."""
        self._times: Counter[str] = Counter()
        self._lock = threading.Lock()

    def note(self, reason: str) -> None:
        """A question was answered; see `QueryContext.notes`."""
        with self._lock:
            if reason in self._times or len(self._times) < _MOST_REASONS:
                self._times[reason] += 1

    def most_common(self) -> tuple[Answered, ...]:
        """By whom, the most frequent first; empty if one answers all."""
        with self._lock:
            found = self._times.most_common()
        return tuple(Answered("spark" if reason else "native", times, reason) for reason, times in found)
