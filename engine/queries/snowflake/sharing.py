"""Answers to what the Snowpark calls of a dataset's runs all ask, kept as long as the runs last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.backends.sql import SqlSession
from engine.context import RunId
from engine.frames import FrameSet, Members, PlannedFrame
from engine.frames.not_fusable import NotFusable
from engine.queries.asking import Asker, FrameSource
from engine.queries.common import CommonSharing
from engine.queries.language import Apart, ReadyAnswer
from engine.queries.once import Once
from engine.queries.snowflake.ask import Keyed, SharedAsking, SqlAnswer
from engine.snowflake.fusion import Choice, choose
from engine.snowflake.text import CheckedQuery

# The bytes of the texts of all questions that are remembered, and what a tree, which is kept with its
# question, takes for each of them.
_MAX_QUESTION_BYTES: Final = 2 << 20
_TREE_BYTES: Final = 250
_WHOLE: Final = -1  # in place of a family: all frames


@dataclass(eq=False, slots=True)
class _Question:
    """A query that frames ask, with its answers as far as they are known."""

    query: CheckedQuery
    choice: Choice
    shared: dict[int, Once[Keyed]] = field(default_factory=lambda: defaultdict(Once))
    empty: Once[SqlAnswer] = field(default_factory=Once)


class SqlSharing(CommonSharing[_Question]):
    """What is shared of a dataset for Snowpark; counting does not wait for what runs ask first.

    Thread-safe; see `CommonSharing`.
    """

    def __init__(self, source: FrameSource, session: SqlSession, given: Sequence[Members] = ()) -> None:
        """Share nothing yet.

        Args:
            source: the dataset.
            session: where its queries run.
            given: the segments of each group, where they are those of other data.
        """
        super().__init__(source, given, word="queries", most_bytes=_MAX_QUESTION_BYTES, weight=_TREE_BYTES)
        self._asking = SharedAsking(source, session)

    def ask(self, query: CheckedQuery, asker: Asker) -> ReadyAnswer | Apart:
        """The answer to a question of a frame, or that it has to ask for itself; see `note_apart`.

        Args:
            query: the question.
            asker: the frame's call.

        Raises:
            BackendLost, Interrupted: as `BackendSession.execute`.
        """
        question = self._question(query, asker.run)
        if question is None:
            return Apart("a query", "too many different queries")
        what = question.choice.describe()
        if question.choice.how == "frame":
            return Apart(what, question.choice.reason)
        try:
            how, answer = self._answer(question, asker)
        except NotFusable as refusal:
            return Apart(what, refusal.reason)
        return ReadyAnswer(query.key, what, how, answer.table.num_rows, answer.replies)

    def _question(self, query: CheckedQuery, run: RunId) -> _Question | None:
        return self._remembered(query.key, len(query.text), run, lambda: _Question(query, choose(query)))

    def _answer(self, question: _Question, asker: Asker) -> tuple[str, SqlAnswer]:
        may_share = self.may_share(question.query.key, asker)
        frames = self.frames(asker.context)
        frame = frames.frames[asker.frame]
        if frame.rows:
            if frame.family < 0:
                raise NotFusable("other rows than those of all windows together")
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
            raise NotFusable("a query that differs between frames")
        if place == _WHOLE:
            return once.get(lambda: self._asking.ask_rows(question.query, asker), asker.context)
        if len(family.frames) < 2:
            raise NotFusable("the only frame of its kind")
        return once.get(lambda: self._asking.ask_family(question.query, family, asker), asker.context)


def describe(query: CheckedQuery) -> str:
    """A query in a few words, from the frame upwards."""
    return choose(query).describe()
