"""What the calls of a dataset's runs share: its frames, and the answers to what they all ask."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

import pyspark.sql.connect.proto as pb

from engine.context import RunId
from engine.frames import Family, FrameSet, Members, PlannedFrame
from engine.frames.not_fusable import NotFusable
from engine.queries.answers import FrameAnswer, SplitAnswers
from engine.queries.asking import Asker, FrameSource, SchemaProbe, fresh_scope
from engine.queries.common import CommonSharing
from engine.queries.descriptions import Descriptions
from engine.queries.first_queries import StateTable
from engine.queries.language import Apart, ReadyAnswer
from engine.queries.once import Once
from engine.queries.rows import SplitRows, ask_rows
from engine.queries.spark.cells import RolledUp, ask_states
from engine.queries.spark.families import ask_family
from engine.queries.spark.replies import whole_answer
from engine.spark import plans
from engine.spark.functions import functions_in
from engine.spark.fusion.cells import plan_cells
from engine.spark.fusion.chain import Chain
from engine.spark.fusion.choice import Choice, cells_pay, choose

# The bytes of plans and types that are remembered. A plan can carry 16 MiB of data of its own.
_MAX_PLAN_BYTES: Final = 32 << 20
# Types that are remembered.
_MAX_SCHEMAS: Final = 1_000
# Relations of a plan that its description names.
_MAX_KINDS: Final = 12
# Of functions of the author in a plan that is described: how many are named, and how much of a name is shown.
_MAX_NAMES: Final = 3
_NAME_CHARS: Final = 40

_T = TypeVar("_T")


@dataclass(eq=False, slots=True)
class _Question:
    """A plan that frames ask, with its answers as far as they are known."""

    relation: pb.Relation
    choice: Choice
    what: str
    cells: Once[SplitAnswers] = field(default_factory=Once)
    rows: Once[SplitRows] = field(default_factory=Once)
    families: dict[int, Once[SplitAnswers]] = field(default_factory=dict)
    empty: Once[FrameAnswer] = field(default_factory=Once)
    whole: Once[FrameAnswer] = field(default_factory=Once)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def chain(self) -> Chain:
        """The plan, taken apart; only where there is a way to share it."""
        assert self.choice.chain is not None
        return self.choice.chain

    def known(self, family: int) -> bool:
        """Whether a frame of a family can be answered without a query."""
        return self.cells.made or self.rows.made or self.of_family(family).made

    def noted(self, way: str, make: Callable[[], _T], asker: Asker) -> _T:
        """What `make` makes, with a note by whom the questions to the backend were answered."""
        before = len(asker.notes)
        made = make()
        self.notes[way] = tuple(dict.fromkeys(asker.notes[before:]))
        return made

    def of_family(self, family: int) -> Once[SplitAnswers]:
        """The answers of a family's frames."""
        with self.lock:
            return self.families.setdefault(family, Once())


class Sharing(CommonSharing[_Question]):
    """What is shared of a dataset for Spark. Thread-safe; see `CommonSharing`.

    Attributes:
        described: the types of plans over any frame, by their canonical forms.
    """

    def __init__(self, source: FrameSource, given: Sequence[Members] = (), *, repeated: bool = False) -> None:
        """Share nothing yet.

        Args:
            source: the dataset.
            given: the segments of each group, where they are those of other data.
            repeated: whether several calls have the same frame, as those of windows do that have one
                baseline.
        """
        super().__init__(source, given, word="plans", most_bytes=_MAX_PLAN_BYTES)
        self._repeated = repeated
        self._always = False
        self.described: Descriptions[pb.DataType] = Descriptions(
            _MAX_SCHEMAS, _MAX_PLAN_BYTES, self._take_room
        )

    def expect(self, run: RunId) -> None:
        """A run is about to make its first call; counting waits a moment for what it asks."""
        super().expect(run)
        self._batcher.expect(run)

    def withdraw(self, run: RunId) -> None:
        """The first call of a run has ended, or will not be made."""
        self._batcher.withdraw(run)

    def ask(self, key: bytes, relation: pb.Relation, asker: Asker) -> ReadyAnswer | Apart:
        """The answer to a question of a frame, or that it has to ask for itself; see `note_apart`.

        Args:
            key: the canonical form of the plan.
            relation: the plan, rebuilt, with its views expanded.
            asker: the frame's call.

        Raises:
            BackendLost, Interrupted: as `BackendSession.execute`.
        """
        question = self._question(key, relation, asker.run)
        if question is None:
            return self.apart(relation, asker, "too many different plans")
        if question.choice.how == "frame":
            return self.apart(relation, asker, question.choice.reason)
        try:
            how, answer, notes = self._answer(key, question, asker)
        except NotFusable as refusal:
            return Apart(question.what, refusal.reason)
        return _ready(key, question, how, answer, notes)

    def over(self, source: FrameSource) -> Sharing:
        """What is shared over rows that were made of these, whose frames are the same.

        Args:
            source: the rows, with the columns that say in which frames they are.
        """
        made = Sharing(source)
        made._counted = self._counted
        made._known.set()
        made._always = True  # these rows were made because enough frames had asked
        return made

    def apart(self, relation: pb.Relation, asker: Asker, reason: str) -> Apart:
        """A frame asks for itself, whatever others ask.

        Args:
            relation: the plan.
            asker: the frame's call.
            reason: as `Shared.reason`.
        """
        self.withdraw(asker.run)
        return Apart(describe(relation), reason)

    def known_answer(self, key: bytes, asker: Asker) -> ReadyAnswer | None:
        """The answer to a question, if it is in memory; nothing is asked, and nothing counted.

        Args:
            key: the canonical form of the plan.
            asker: a call that is expected to ask it.
        """
        with self._lock:
            question = self._questions.get(key)
            step = self._steps.get((asker.run, asker.step))
        if question is None or step is None or self._counted is None:
            return None
        frame = self._counted.frames.frames[asker.frame]
        if frame.family < 0:
            return None
        if not frame.rows:
            empty = question.empty.value
            notes = question.notes.get("empty", ())
            return None if empty is None else _ready(key, question, "empty", empty, notes)
        for how, way, once in (
            ("cells", "cells", question.cells),
            ("families", _way_of(frame.family), question.of_family(frame.family)),
        ):
            split = once.value
            if split is not None:
                with suppress(NotFusable):
                    answer, notes = split.answer(asker.frame), question.notes.get(way, ())
                    return None if answer is None else _ready(key, question, how, answer, notes)
        return None

    def _question(self, key: bytes, relation: pb.Relation, run: RunId) -> _Question | None:
        def make() -> _Question:
            choice = choose(relation, spark=self.source.spark, schema=self.source.schema)
            return _Question(relation, choice, describe(relation))

        return self._remembered(key, 2 * len(key), run, make)

    def _answer(
        self, key: bytes, question: _Question, asker: Asker
    ) -> tuple[str, FrameAnswer, tuple[str, ...]]:
        """The way of answering, the answer, and by whom it was given."""
        may_share = self.may_share(key, asker) or self._always
        if question.choice.how == "cells" and asker.frame == 0 and may_share and not self._known.is_set():
            self._try_cells(question, asker)  # before the frames are known: it may be counted along
        self.withdraw(asker.run)
        frames = self.frames(asker.context)
        frame = frames.frames[asker.frame]
        if frame.rows:
            if frame.family < 0:
                raise NotFusable("other rows than those of all windows together")
            if not may_share and not question.known(frame.family):
                raise NotFusable("a plan that differs between frames")
            if self._asks_alone(question, frames.families[frame.family]):
                ask = partial(question.noted, "whole", partial(self._on_frame, question, frame, asker), asker)
                alone = question.whole.get(ask, asker.context)
                return "families", alone, question.notes.get("whole", ())
            how, split = self._split(question, frames, asker)
            found = split.answer(asker.frame)
            if found is not None:
                way = _way_of(frame.family) if how == "families" else how
                return how, found, question.notes.get(way, ())
        ask = partial(question.noted, "empty", partial(self._on_frame, question, frame, asker), asker)
        return "empty", question.empty.get(ask, asker.context), question.notes.get("empty", ())

    def _asks_alone(self, question: _Question, family: Family) -> bool:
        """Whether the one frame of a family is asked for itself, once for all calls that have it."""
        return self._repeated and not family.keys and question.choice.how == "families"

    def _try_cells(self, question: _Question, asker: Asker) -> SplitAnswers | None:
        """The answers from cells; None if another way has to be taken."""
        try:
            ask = partial(question.noted, "cells", partial(self._ask_cells, question, asker), asker)
            return question.cells.get(ask, asker.context)
        except NotFusable:
            return None

    def _split(self, question: _Question, frames: FrameSet, asker: Asker) -> tuple[str, SplitAnswers]:
        """The answers of all frames in the asker's family at least, and the way."""
        source, relation, chain = self.source, question.relation, question.chain
        if question.choice.how == "cells":
            split = self._try_cells(question, asker)
            if split is not None:
                return "cells", split
        number = frames.frames[asker.frame].family
        family = frames.families[number]
        if question.choice.how == "rows":
            ask = partial(ask_rows, source, chain, relation, frames, asker)
            rows = question.rows.get(partial(question.noted, "rows", ask, asker), asker.context)
            with question.lock:
                return "rows", rows.split(number, family)
        if len(family.frames) < 2:
            raise NotFusable("the only frame of its kind")
        if question.of_family(number).in_progress:
            self._ask_another(question, frames.families, number, asker)
        return "families", self._of_family(question, frames.families, number, asker)

    def _of_family(
        self, question: _Question, families: Sequence[Family], number: int, asker: Asker
    ) -> SplitAnswers:
        ask = partial(
            ask_family, self.source, question.chain, question.relation, number, families[number], asker
        )
        noted = partial(question.noted, _way_of(number), ask, asker)
        return question.of_family(number).get(noted, asker.context)

    def _ask_another(
        self, question: _Question, families: Sequence[Family], number: int, asker: Asker
    ) -> None:
        """Ask for a later family instead of waiting idly for what another thread asks."""
        for later in range(number + 1, len(families)):
            if len(families[later].frames) > 1 and question.of_family(later).untouched:
                with suppress(NotFusable):
                    self._of_family(question, families, later, asker)
                return

    def _ask_cells(self, question: _Question, asker: Asker) -> SplitAnswers:
        source, chain, plan = self.source, question.chain, question.choice.cells
        assert plan is not None
        probe = SchemaProbe(source, question.relation, asker)
        states: StateTable | None = None
        if not self._known.is_set():
            states = self._batcher.offer(asker.run, plan, asker.context)
            asker.notes += states.notes
        frames = self.frames(asker.context)
        assert self._counted is not None
        if not cells_pay(self._counted.cells, frames.frames[0].rows):
            raise NotFusable("too many cells")
        rolled = RolledUp(source, plan, states or ask_states(source, chain, plan, asker), frames)
        if rolled.coarse:
            precise = plan_cells(chain, precise=True, schema=source.schema)
            rolled = RolledUp(source, precise, ask_states(source, chain, precise, asker), frames)
        return rolled.split(source, chain, probe, asker)

    def _on_frame(self, question: _Question, frame: PlannedFrame, asker: Asker) -> FrameAnswer:
        """What the plan gives on one frame: one of which no row reaches its aggregates, above all."""
        rows = self.source.rows_of(frame)
        bound = plans.bind(question.relation, frame=rows, views={}, scope=fresh_scope())
        alias = pb.Relation()
        alias.subquery_alias.input.CopyFrom(rows)
        fetched = self.source.fetch(bound, asker, base=alias)
        return FrameAnswer(fetched.schema, fetched.table)


def _ready(
    key: bytes, question: _Question, how: str, answer: FrameAnswer, notes: tuple[str, ...]
) -> ReadyAnswer:
    return ReadyAnswer(key, question.what, how, answer.table.num_rows, partial(whole_answer, answer), notes)


def _way_of(family: int) -> str:
    return f"families {family}"


def _with_functions(relation: pb.Relation) -> str:
    """The functions of the author that a relation itself holds, in a few words; empty if there are none."""
    names = dict.fromkeys(repr(here.function_name[:_NAME_CHARS]) for here in functions_in(relation))
    return f" with {' and '.join(list(names)[:_MAX_NAMES])}" if names else ""


def describe(relation: pb.Relation) -> str:
    """A plan in a few words, from the frame upwards; of a long one what is on top."""
    kinds: list[str] = []
    here = relation
    while here.WhichOneof("rel_type") not in (None, "read"):
        kind = str(here.WhichOneof("rel_type"))
        kinds.append(kind.replace("_", " ") + _with_functions(here))
        body = getattr(here, kind)
        if "input" not in body.DESCRIPTOR.fields_by_name:
            break
        if len(kinds) == _MAX_KINDS:
            kinds.append("...")
            break
        here = body.input
    return ", ".join(reversed(kinds)) or "the frame itself"
