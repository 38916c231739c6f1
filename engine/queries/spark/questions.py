"""What PySpark's client asks for: the rows of a plan, with or without functions that the author wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import pyspark.sql.connect.proto as pb

from engine.backends.base import BackendSession
from engine.context import Note
from engine.errors import AnswerTooLarge, PlanRefused
from engine.queries.asking import Asker, fresh_scope
from engine.queries.calls import CallInProgress
from engine.queries.carried import Reply
from engine.queries.language import Apart, ReadyAnswer
from engine.queries.spark import replies
from engine.queries.spark.functions.applying import Applying
from engine.queries.spark.functions.shared_functions import OverResults, SharedFunctions
from engine.queries.spark.scope import PlanScope
from engine.queries.spark.sharing import Sharing, describe
from engine.sources.spool import Scratch
from engine.spark import plans
from sandbox.contract.settings import BASELINE, PLACEHOLDER

# Why an answer over no rows does not tell who will answer where there are some.
_NOT_KNOWN_BEFORE: Final = (
    "asked over no rows; where there are some, the backend may have to read what the functions return"
)
# A type in the answer of a query; alone it may take as much on the wire.
_TYPE_BYTES: Final = 16 << 20

Bind: TypeAlias = Callable[[pb.Relation], pb.Relation]


@dataclass(frozen=True, slots=True)
class PlanCall:
    """What all questions of one call have in common.

    Attributes:
        session: the run's session on the backend.
        state: the call.
        scope: what the names in its plans stand for.
        shared_functions: what functions of the author gave for all frames.
        scratch: makes files for what such functions give; None: the backend reads none.
    """

    session: BackendSession
    state: CallInProgress
    scope: PlanScope
    shared_functions: SharedFunctions
    scratch: Scratch | None

    def applying(self, bind: Bind) -> Applying:
        """What applies functions of the author to the rows of plans.

        Args:
            bind: puts the frames into a plan.
        """
        state = self.state
        return Applying(self.session, bind, state.charge, state.context, state.evaluating, self.scratch)

    def fetch(self, relation: pb.Relation, note: Note) -> Iterator[Reply]:
        """Ask for the rows of a plan that is bound."""
        plan = pb.Plan()
        plan.root.CopyFrom(relation)  # Plan(root=...) would stop at 100 nested messages
        self.state.queries += 1
        rebuilder = replies.Rebuilder()
        try:
            for response in self.session.execute(plan, self.state.context.told(note)):
                if response.HasField("schema") and response.schema.ByteSize() > _TYPE_BYTES:
                    raise too_large("the type of this DataFrame")
                if response.HasField("arrow_batch"):
                    batch = response.arrow_batch
                    first_chunk = batch.chunk_index == 0
                    self.state.charge(batch.row_count if first_chunk else 0, len(batch.data))
                yield from rebuilder.rebuild(response)
        except AnswerTooLarge:
            raise too_large("one row of this DataFrame") from None
        yield replies.complete()


class PlanQuestion:
    """The rows of a plan; see `Question`."""

    unsure = ""

    def __init__(self, call: PlanCall, relation: pb.Relation, key: bytes) -> None:
        """Ask nothing yet.

        Args:
            call: whose plan it is.
            relation: the plan, rebuilt.
            key: its canonical form.
        """
        self._call = call
        self._relation = relation
        self._key = key

    @property
    def what(self) -> str:
        """See `Question.what`."""
        return describe(self._relation if len(self._reads) < 2 else self._expanded[1])

    @property
    def apart(self) -> str:
        """See `Question.apart`."""
        if self._call.scope.settings:
            return "settings of its own"
        return "a plan over both frames" if len(self._reads) > 1 else ""

    def over_baseline(self) -> PlanQuestion | None:
        """See `Question.over_baseline`."""
        if BASELINE not in self._reads:
            return None
        relation = plans.over_one_frame(self._expanded[1])
        return PlanQuestion(self._call, relation, plans.canonical(relation))

    def known(self, sharing: Sharing, asker: Asker) -> ReadyAnswer | None:
        """See `Question.known`."""
        return sharing.known_answer(self._key, asker)

    def ask(self, sharing: Sharing, asker: Asker) -> ReadyAnswer | Apart:
        """See `Question.ask`."""
        key, relation = self._expanded
        return sharing.ask(key, relation, asker)

    def own(self, note: Note) -> Iterator[Reply]:
        """See `Question.own`."""
        return self._call.fetch(self._call.scope.bind(self._relation), note)

    @cached_property
    def _expanded(self) -> tuple[bytes, pb.Relation]:
        """The plan with its views in it, and its canonical form then."""
        if not self._call.scope.views:
            return self._key, self._relation
        relation = self._call.scope.expanded(self._relation)
        return plans.canonical(relation), relation

    @cached_property
    def _reads(self) -> frozenset[str]:
        return self._call.scope.frames_read(self._expanded[1])


class FunctionsQuestion:
    """The rows of a plan with functions of the author, which are applied first; see `Question`."""

    unsure = _NOT_KNOWN_BEFORE

    def __init__(self, call: PlanCall, relation: pb.Relation) -> None:
        """Ask nothing yet.

        Args:
            call: whose plan it is.
            relation: the plan, rebuilt.

        Raises:
            PlanRefused: the call asks in a time zone of its own.
        """
        if call.scope.zoned:
            raise PlanRefused(
                "udf-refused",
                "functions of the metric are refused in a time zone of its own",
                "leave spark.conf as it is, and convert instants with F.from_utc_timestamp(column, zone)",
            )
        self._call = call
        self._relation = relation
        self._expanded = call.scope.expanded(relation)
        self._results: OverResults | None = None

    @property
    def what(self) -> str:
        """See `Question.what`."""
        return describe(self._relation)

    @property
    def apart(self) -> str:
        """See `Question.apart`."""
        scope = self._call.scope
        shared = not scope.settings and scope.frames_read(self._expanded) <= {PLACEHOLDER}
        return "" if shared else "a function beside settings of its own, or over a baseline"

    def over_baseline(self) -> None:
        """Never: functions are applied to the rows of the baseline for each frame."""

    def known(self, sharing: Sharing, asker: Asker) -> None:
        """Never: functions would have to be applied."""
        del sharing, asker

    def ask(self, sharing: Sharing, asker: Asker) -> ReadyAnswer | Apart:
        """Have the functions applied once for all frames; see `Question.ask`."""
        call, relation = self._call, self._expanded
        state, key = call.state, plans.canonical(relation)
        found = call.shared_functions.answer(key, relation, sharing, asker, state.evaluating, call.scratch)
        if isinstance(found, Apart):
            return found
        results, answer = found
        rows = sharing.frames(state.context).frames[state.call.index].rows
        state.charge(rows, int(rows * results.row_bytes))
        if isinstance(answer, ReadyAnswer):
            return answer
        self._results = answer
        return sharing.apart(relation, asker, f"{answer.reason}; its functions once for all frames")

    def own(self, note: Note) -> Iterator[Reply]:
        """Ask the rest, over what the functions give for this frame, or gave for all; see `Question.own`."""
        results = self._results
        if results is not None:
            bound = plans.bind(results.relation, frame=results.rows, views={}, scope=fresh_scope())
            return self._call.fetch(bound, note)
        applying = self._call.applying(self._call.scope.bind)
        try:
            bound = applying.bound(applying.with_results(self._expanded))
        except BaseException as error:
            applying.close()
            if isinstance(error, AnswerTooLarge):
                raise too_large("one row of this DataFrame") from None
            raise
        finally:
            self._call.state.queries += applying.queries
        return _closing(applying, self._call.fetch(bound, note))


def _closing(applying: Applying, rows: Iterator[Reply]) -> Iterator[Reply]:
    """The rows, after which what was made for them is removed."""
    try:
        yield from rows
    finally:
        applying.close()


def too_large(what: str) -> PlanRefused:
    """The refusal of what is longer than any answer that is read."""
    return PlanRefused(
        "plan-too-large",
        f"{what} is larger than any answer that is read",
        "give columns shorter names, and select the fields that are needed; aggregate long values",
    )
