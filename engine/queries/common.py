"""What sharing has in common in both languages: frames, questions that are remembered, steps, and reports."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from engine.context import QueryContext, RunId
from engine.frames import FrameSet, Members
from engine.models.run import Shared
from engine.queries.asking import Asker, FrameSource
from engine.queries.calls import told_by
from engine.queries.counting import Counted, count_together, count_whole
from engine.queries.first_queries import FirstQueryBatcher
from engine.queries.language import Apart, ReadyAnswer

# Questions that are remembered; a metric that asks more of them computes them from its data.
_MAX_QUESTIONS: Final = 1_000
# Ways of answering that a run's report tells apart.
_MAX_ANSWER_COUNTS: Final = 300
# Frames that must ask the same at a step at which frames differ, before they share an answer there.
_ENOUGH: Final = 3

_Question = TypeVar("_Question")


@dataclass(slots=True)
class _Step:
    """What the frames of a run asked at one step: how often each question."""

    asked: Counter[bytes] = field(default_factory=Counter)

    def may_share(self, key: bytes) -> bool:
        """Whether a new shared query is worth it: frames that ask different things would never use it."""
        return list(self.asked) == [key] or self.asked[key] >= _ENOUGH


class CommonSharing(Generic[_Question]):
    """What is shared of a dataset, in whatever language its backend is asked. Thread-safe.

    Attributes:
        source: the dataset.
    """

    def __init__(
        self,
        source: FrameSource,
        given: Sequence[Members] = (),
        *,
        word: str,
        most_bytes: int,
        weight: int = 1,
    ) -> None:
        """Share nothing yet.

        Args:
            source: the dataset.
            given: the segments of each group, where they are those of other data.
            word: what reports call questions of this language.
            most_bytes: of what is remembered.
            weight: what each of them takes of the memory of runs.
        """
        self.source = source
        self._given = given
        self._word = word
        self._most_bytes = most_bytes
        self._weight = weight
        self._bytes = 0
        self._batcher = FirstQueryBatcher()
        self._counted: Counted | None = None
        self._known = threading.Event()
        self._lock = threading.Lock()
        self._questions: dict[bytes, _Question] = {}
        self._runs = 0
        self._asked: Counter[RunId] = Counter()
        self._steps: defaultdict[tuple[RunId, int], _Step] = defaultdict(_Step)
        self._answer_counts: defaultdict[RunId, Counter[tuple[str, str, str, str]]] = defaultdict(Counter)

    def expect(self, run: RunId) -> None:
        """A run is about to make its first call, and will have a part of the room for questions."""
        del run
        with self._lock:
            self._runs += 1

    def withdraw(self, run: RunId) -> None:
        """The first call of a run has ended, or will not be made."""

    def count(self, context: QueryContext) -> Counted:
        """Count the rows of the frames, and find the segments; by one thread, for all runs.

        Raises:
            BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
            DataError: the data has values that cannot be segments, or too many.
        """
        counted = count_together(self.source, self._batcher, context, self._given)
        counted = self._counted = count_whole(self.source, counted, context)
        self._known.set()
        return counted

    def frames(self, context: QueryContext) -> FrameSet:
        """The frames, once they are known.

        Raises:
            Interrupted: who asks waits no longer.
        """
        context.wait(self._known)
        assert self._counted is not None
        return self._counted.frames

    def may_share(self, key: bytes, asker: Asker) -> bool:
        """Count a question of a frame; whether enough frames ask the same for it to be asked for all."""
        with self._lock:
            step = self._steps[asker.run, asker.step]
            step.asked[key] += 1
            return step.may_share(key)

    def report(self, run: RunId) -> tuple[Shared, ...]:
        """How the questions of a run were answered, the most frequent first."""
        with self._lock:
            return tuple(
                Shared(plan, how, frames, reason, by)
                for (plan, how, reason, by), frames in self._answer_counts[run].most_common()
            )

    def note_used(self, ready: ReadyAnswer, asker: Asker, *, again: bool = True) -> None:
        """Count an answer that a frame was given; see `SharedAnswers.note_used`."""
        if again:
            with self._lock:
                self._steps[asker.run, asker.step].asked[ready.key] += 1
        self._count_answer(asker.run, ready.what, ready.how, "", ready.notes)

    def note_apart(self, apart: Apart, asker: Asker, notes: Sequence[str]) -> None:
        """Count what a frame asked for itself; see `SharedAnswers.note_apart`."""
        self._count_answer(asker.run, apart.what, "frame", apart.reason, notes)

    def _remembered(
        self, key: bytes, size: int, run: RunId, make: Callable[[], _Question]
    ) -> _Question | None:
        """A question; None if there is no room for it.

        Args:
            key: tells questions apart.
            size: the bytes that it takes, once it is made.
            run: the run whose call asks it.
            make: makes it.
        """
        with self._lock:
            if key not in self._questions:
                # Runs that share a dataset have a part of the room each: one that asks ever other things
                # would leave none to the others.
                if self._asked[run] >= _MAX_QUESTIONS // max(1, self._runs):
                    return None
                if len(self._questions) >= _MAX_QUESTIONS or not self._has_room(size):
                    return None
                self._asked[run] += 1
                self._questions[key] = make()
            return self._questions[key]

    def _take_room(self, size: int) -> bool:
        """As `_has_room`, for what is made without the lock."""
        with self._lock:
            return self._has_room(size)

    def _has_room(self, size: int) -> bool:
        """Whether so many bytes more may be remembered; they are then taken."""
        if self._bytes + size > self._most_bytes or not self.source.account.take(self._weight * size):
            return False
        self._bytes += size
        return True

    def _count_answer(self, run: RunId, what: str, how: str, reason: str, notes: Sequence[str] = ()) -> None:
        """Count an answer for the run's report."""
        by, why = told_by(notes)
        reason = "; ".join(dict.fromkeys(part for part in (reason, why) if part))
        with self._lock:
            counts, entry = self._answer_counts[run], (what, how, reason, by)
            if entry not in counts and len(counts) >= _MAX_ANSWER_COUNTS:
                entry = f"other {self._word}", how, "", by
            counts[entry] += 1
