"""Answers to what the Snowpark calls of a dataset's runs all ask, kept as long as the runs last."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.backends.sql import SqlSession
from engine.context import QueryContext
from engine.frames import FrameSet, Members, PlannedFrame
from engine.models.run import Shared
from engine.queries.asking import Asker, Source
from engine.queries.counting import Counted, count_together, count_whole
from engine.queries.gather import Gather
from engine.queries.once import Once
from engine.queries.snowflake.ask import Asking, Keyed, SqlAnswer
from engine.snowflake.fusion import Choice, choose
from engine.snowflake.text import CheckedQuery
from engine.spark.fusion.unfused import Unfused

# Questions that are remembered; a metric that asks more of them computes them from its data.
_MAX_QUESTIONS: Final = 1_000
# Their texts together, and what a tree, which is kept with its question, takes for each byte of its text.
_MAX_QUESTION_BYTES: Final = 2 << 20
_TREE_BYTES: Final = 250
# Frames that must ask the same at a step at which frames differ, before they share an answer there.
_ENOUGH: Final = 3
_WHOLE: Final = -1  # in place of a family: all frames


@dataclass(eq=False, slots=True)
class _Question:
    """A query that frames ask, with its answers as far as they are known."""

    query: CheckedQuery
    choice: Choice
    shared: dict[int, Once[Keyed]] = field(default_factory=lambda: defaultdict(Once))
    empty: Once[SqlAnswer] = field(default_factory=Once)


@dataclass(slots=True)
class _Step:
    """What the frames of a run asked at one step."""

    asked: Counter[bytes] = field(default_factory=Counter)

    def may_share(self, key: bytes) -> bool:
        """Whether a new shared query is worth it: frames that ask different things would never use it."""
        return list(self.asked) == [key] or self.asked[key] >= _ENOUGH


class SqlSharing:
    """What is shared. Thread-safe."""

    def __init__(self, source: Source, session: SqlSession, given: Sequence[Members] = ()) -> None:
        """Share nothing yet.

        Args:
            source: the dataset.
            session: where its queries run.
            given: the segments of each group, where they are those of other data.
        """
        self._source = source
        self._given = given
        self._asking = Asking(source, session)
        self._counted: Counted | None = None
        self._known = threading.Event()
        self._lock = threading.Lock()
        self._questions: dict[bytes, _Question] = {}
        self._question_bytes = 0
        self._steps: defaultdict[tuple[object, int], _Step] = defaultdict(_Step)
        self._tallies: defaultdict[object, Counter[tuple[str, str, str]]] = defaultdict(Counter)

    def expect(self, run: object) -> None:
        """Nothing: counting does not wait for what runs ask first."""

    def leave(self, run: object) -> None:
        """Nothing; see `expect`."""

    def count(self, context: QueryContext) -> Counted:
        """Count the rows of the frames, and find the segments; see `Sharing.count`."""
        counted = count_together(self._source, Gather(), context, self._given)
        counted = self._counted = count_whole(self._source, counted, context)
        self._known.set()
        return counted

    def answer(self, query: CheckedQuery, asker: Asker) -> SqlAnswer | None:
        """The answer to a question of a frame; None if the frame has to ask for itself.

        Args:
            query: the question.
            asker: the frame's call.

        Raises:
            BackendLost, Interrupted: as `BackendSession.execute`.
        """
        question = self._question(query)
        how: str = "frame"
        reason = question.choice.reason if question else "too many different queries"
        answer: SqlAnswer | None = None
        if question is not None and question.choice.how != "frame":
            try:
                how, answer, reason = *self._answer(question, asker), ""
            except Unfused as unfused:
                how, reason = "frame", unfused.reason
        shown = "a query" if question is None else question.choice.describe()
        with self._lock:
            self._tallies[asker.run][shown, how, reason] += 1
        return answer

    def report(self, run: object) -> tuple[Shared, ...]:
        """How the questions of a run were answered, the most frequent first."""
        with self._lock:
            return tuple(
                Shared(plan, how, frames, reason)
                for (plan, how, reason), frames in self._tallies[run].most_common()
            )

    def _question(self, query: CheckedQuery) -> _Question | None:
        with self._lock:
            if query.key not in self._questions:
                size = self._question_bytes + len(query.text)
                if len(self._questions) >= _MAX_QUESTIONS or size > _MAX_QUESTION_BYTES:
                    return None
                if not self._source.account.take(_TREE_BYTES * len(query.text)):
                    return None
                self._question_bytes = size
                self._questions[query.key] = _Question(query, choose(query))
            return self._questions[query.key]

    def _answer(self, question: _Question, asker: Asker) -> tuple[str, SqlAnswer]:
        key = question.query.key
        with self._lock:
            step = self._steps[asker.run, asker.step]
            step.asked[key] += 1
            may_share = step.may_share(key)
        frames = self._frames(asker.context)
        frame = frames.frames[asker.frame]
        if frame.rows:
            if frame.family < 0:
                raise Unfused("other rows than those of all windows together")
            keyed = self._shared(question, frames, frame, asker, may_share=may_share)
            found = keyed.answer(frame.family, frames.families[frame.family], asker.frame)
            if found is not None:
                return question.choice.how, found
        return "empty", question.empty.get(
            lambda: self._asking.ask_empty(question.query, asker), asker.context
        )

    def _shared(
        self,
        question: _Question,
        frames: FrameSet,
        frame: PlannedFrame,
        asker: Asker,
        *,
        may_share: bool,
    ) -> Keyed:
        family = frames.families[frame.family]
        place = _WHOLE if question.choice.how == "rows" else frame.family
        with self._lock:
            once = question.shared[place]
        if not once.made and not may_share:
            raise Unfused("a query that differs between frames")
        if place == _WHOLE:
            return once.get(lambda: self._asking.ask_rows(question.query, asker), asker.context)
        if len(family.frames) < 2:
            raise Unfused("the only frame of its kind")
        return once.get(lambda: self._asking.ask_family(question.query, family, asker), asker.context)

    def _frames(self, context: QueryContext) -> FrameSet:
        context.wait(self._known)
        assert self._counted is not None
        return self._counted.frames
