"""Counting the rows of a run's frames, and finding its segments, together with the first questions.

One query groups all rows by the finest cells, the keys of all segment groups together. What the runs ask
first travels in it, where cells can answer it and nothing but filters lies below. If they all have the same
filter, or none, whether a row passes it is one more key; otherwise each state looks at its own filter.

One run's slow question must not take the time of the others. So questions of several runs travel together as
far as their cost is bounded by their rows (`engine.spark.fusion.cheap`); others are asked after the count.
Where what travels together is not over soon all the same, the rows are counted beside it by a query without
questions. How long that takes tells how long the common query may: about as long as questions one by one
would. After that each run asks for itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.backends.tables import TableTooLarge, fetch
from engine.context import QueryContext
from engine.errors import BackendError, BackendLost, DataError, Interrupted
from engine.frames import (
    Cells,
    FrameSet,
    Members,
    Places,
    cell_query,
    count_queries,
    frame_keys,
    interpret_cells,
    interpret_counts,
)
from engine.frames.build import Literal, aggregated, call, column, limited, literal, long, named
from engine.queries.asking import FrameSource
from engine.queries.first_queries import BatchedQuery, FirstQueryBatcher, StateTable
from engine.queries.key_columns import flat
from engine.spark.fusion.cells import guardable, row_condition, states_under
from engine.spark.fusion.chain import Chain
from engine.spark.fusion.cheap import is_cheap
from engine.spark.fusion.group_keys import key_names, keyed_base
from engine.spark.plans import check_bound
from engine.threads import Pending

# More cells than this are not fetched; fields with so many values are ranked by the backend instead.
MAX_CELLS: Final = 100_000
_ROWS: Final = "_calcmetric_rows"
_KEPT: Final = "_calcmetric_kept"
_FIRST_QUESTION_SECONDS: Final = 0.2
# After so long for each of several runs, or of a few, the rows are counted also beside their questions: each
# that is answered by the common query spares a query of its own, so that many are worth waiting for longer.
_SOON_SECONDS: Final = 0.25
_FEW_RUNS: Final = 4


@dataclass(frozen=True, slots=True)
class BaselineFrames:
    """The baseline frames of a run, by the indices of its frames.

    Attributes:
        source: what they are read of, with the segments of the data.
        frames: the baseline frames, each once.
        places: which of them goes with which frame.
    """

    source: FrameSource
    frames: FrameSet
    places: Places

    def rows(self, index: int) -> int:
        """How many rows the baseline of a frame has."""
        return self.frames.frames[self.places[index]].rows

    def relation(self, index: int) -> pb.Relation:
        """The baseline's rows of a frame."""
        return self.frames.frames[self.places[index]].relation(self.source.relation)


@dataclass(frozen=True, slots=True)
class Counted:
    """The frames of a run.

    Attributes:
        frames: with their rows, families, and what is cut.
        cells: how many cells have rows; None if they are too many to be fetched.
        queries: how many were needed.
        baseline: the baseline's; None if nothing is compared.
    """

    frames: FrameSet
    cells: int | None
    queries: int
    baseline: BaselineFrames | None = None


def count_apart(source: FrameSource, context: QueryContext, given: Sequence[Members] = ()) -> Counted:
    """Count with one query for each segment group; `given` as of `frames.assemble`.

    Raises:
        BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
        DataError: as `interpret_counts`, or there is no room for the segments.
    """
    queries = count_queries(source.plan, source.relation)
    try:
        tables = [_fetch(source, query, context) for query in queries]
    except TableTooLarge:
        raise DataError(
            "the values of the segments' fields are too long to be kept: segment by shorter ones"
        ) from None
    return Counted(interpret_counts(source.plan, tables, given), None, len(queries))


def count_whole(source: FrameSource, counted: Counted, context: QueryContext) -> Counted:
    """Count the rows of frame 0 by themselves, where they are not those of its windows.

    Raises:
        BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
    """
    first, *others = counted.frames.frames
    if source.plan.whole is None:
        return counted
    query = aggregated(first.relation(source.relation), [], [named(call("count", long(1)), _ROWS)])
    rows = int(_whole(_fetch(source, query, context).column(0))[0])
    frames = replace(counted.frames, frames=(replace(first, rows=rows), *others))
    return _add_query(replace(counted, frames=frames))


def count_together(
    source: FrameSource, batcher: FirstQueryBatcher, context: QueryContext, given: Sequence[Members] = ()
) -> Counted:
    """Count with one query for all cells, which answers the first questions of runs as well.

    `given` as of `frames.assemble`.

    Raises:
        BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
        DataError: as `interpret_cells`.
    """
    offers = batcher.close(_FIRST_QUESTION_SECONDS)
    joined = _Common.of(source, offers)
    if joined is None:
        _give_up(batcher, offers)
        return _count_alone(source, context, given)
    if joined.runs > 1:
        return _count_beside(source, batcher, joined, offers, context, given)
    try:
        cells = joined.run(batcher, context)
    finally:
        _give_up(batcher, offers)
    if cells is None:
        return _add_query(_count_alone(source, context, given))
    return _counted(source, cells, given)


def _count_beside(
    source: FrameSource,
    batcher: FirstQueryBatcher,
    joined: _Common,
    offers: Sequence[BatchedQuery],
    context: QueryContext,
    given: Sequence[Members] = (),
) -> Counted:
    """Count together with the questions of several runs, none of which keeps the others waiting for long."""
    enough = threading.Event()
    cancel = enough if context.cancel is None else _Either(context.cancel, enough)
    either = replace(context, cancel=cancel)
    common = Pending(lambda: joined.run(batcher, either), "calcmetric-common")
    try:
        soon = _SOON_SECONDS * max(_FEW_RUNS, joined.runs)
        if common.done.wait(min(soon, context.deadline.remaining())):
            cells = common.result()
            if cells is None:
                return _add_query(_count_alone(source, context, given))
            return _counted(source, cells, given)
        began = time.monotonic()
        counted = _count_alone(source, context, given)
        took = time.monotonic() - began
        if not common.done.wait(min(joined.runs * took, context.deadline.remaining())):
            source.on_disturbed()
        return _add_query(counted)
    finally:
        enough.set()
        _give_up(batcher, offers)


def _give_up(batcher: FirstQueryBatcher, offers: Sequence[BatchedQuery]) -> None:
    """Let those whose questions are not answered ask for themselves."""
    for offer in offers:
        if not offer.settled:
            batcher.settle(offer, None)


def _count_alone(source: FrameSource, context: QueryContext, given: Sequence[Members]) -> Counted:
    """Count rows of frames by a query that answers no question of a metric beside that."""
    names = _names(source)
    query = cell_query(source.plan, source.relation, names, MAX_CELLS)
    try:
        table = _fetch(source, query, context)
    except TableTooLarge:
        table = None
    if table is None or table.num_rows > MAX_CELLS:
        apart = count_apart(source, context, given)
        return Counted(apart.frames, None, apart.queries + 1)
    keys = [flat(table.column(i)) for i in range(len(names))]
    return _counted(source, Cells(keys, _whole(table.column(len(names)))), given)


def _counted(source: FrameSource, cells: Cells, given: Sequence[Members]) -> Counted:
    return Counted(interpret_cells(source.plan, cells, given), len(cells.rows), 1)


def _add_query(counted: Counted) -> Counted:
    return replace(counted, queries=counted.queries + 1)


class _Either(threading.Event):
    """Set once either of two events is."""

    def __init__(self, one: threading.Event, other: threading.Event) -> None:
        super().__init__()
        self._one = one
        self._other = other

    def is_set(self) -> bool:
        """Whether one of them is."""
        return self._one.is_set() or self._other.is_set()


@dataclass(frozen=True, slots=True)
class _Common:
    """The query that counts and answers.

    Attributes:
        source: the dataset.
        offers: those that take part.
        relation: the query: the keys, whether the row passes the filter if `kept`, the rows, the states.
        places: for each offer the places of its states among all.
        kept: whether the common filter is a key.
    """

    source: FrameSource
    offers: tuple[BatchedQuery, ...]
    relation: pb.Relation
    places: tuple[tuple[int, ...], ...]
    kept: bool

    @property
    def runs(self) -> int:
        """How many runs have questions in it."""
        return len({offer.run for offer in self.offers})

    @staticmethod
    def of(source: FrameSource, offers: Sequence[BatchedQuery]) -> _Common | None:
        """Build it; None if there is nothing to answer."""
        fresh = [offer for offer in offers if not offer.settled and guardable(offer.plan)]
        part = [(offer, row_condition(offer.plan)) for offer in fresh]
        if len({offer.run for offer, _ in part}) > 1:  # nobody waits for what another run loops over
            part = [one for one in part if is_cheap(states_under(one[0].plan, one[1]))]
        if not part:
            return None
        conditions = {_bytes(condition): condition for _, condition in part}
        common = next(iter(conditions.values())) if len(conditions) == 1 else None
        states: dict[bytes, pb.Expression] = {}
        places = []
        for offer, condition in part:
            wanted = states_under(offer.plan, condition if common is None else None)
            for state in wanted:
                states.setdefault(_bytes(state), state)
            order = list(states)
            places.append(tuple(order.index(_bytes(state)) for state in wanted))
        names = _names(source)
        keys = list(zip(names, frame_keys(source.plan), strict=True))
        grouping = [column(name) for name in names]
        if common is not None:
            passes = call("coalesce", common, literal(Literal(boolean=False)))
            grouping.append(named(passes, _KEPT))
        read = pb.Relation()
        base = keyed_base(read, source.full, keys)
        relation = aggregated(
            base,
            grouping,
            [
                named(call("count", long(1)), _ROWS),
                *(named(state, f"_calcmetric_s{i}") for i, state in enumerate(states.values())),
            ],
        )
        relation = limited(relation, MAX_CELLS + 1)
        check_bound(relation, base.subquery_alias.input)
        return _Common(source, tuple(offer for offer, _ in part), relation, tuple(places), common is not None)

    def run(self, batcher: FirstQueryBatcher, context: QueryContext) -> Cells | None:
        """Ask, and tell the offers; None if it failed, or there are too many cells."""
        notes = list[str]()
        try:
            table = _fetch(self.source, self.relation, context.half().told(notes.append))
        except BackendLost:
            raise
        except (BackendError, TableTooLarge):
            return None
        except Interrupted:
            context.check()
            return None
        if table.num_rows > MAX_CELLS:
            return None
        width = len(frame_keys(self.source.plan))
        keys = [flat(table.column(i)) for i in range(width)]
        columns = [flat(table.column(i)) for i in range(width + self.kept, table.num_columns)]
        mask = flat(table.column(width)) if self.kept else None
        for offer, places in zip(self.offers, self.places, strict=True):
            states = [columns[1 + place] for place in places]
            batcher.settle(offer, StateTable(_kept(keys, mask), _kept(states, mask), tuple(notes)))
        return Cells(keys, _whole(table.column(width + self.kept)))


def _fetch(source: FrameSource, query: pb.Relation, context: QueryContext) -> pa.Table:
    return fetch(source.session, query, context.unordered(), account=source.account).table


def _kept(columns: Sequence[pa.Array], mask: pa.Array | None) -> tuple[pa.Array, ...]:
    return tuple(column if mask is None else column.filter(mask) for column in columns)


def _names(source: FrameSource) -> tuple[str, ...]:
    return key_names(Chain(pb.Relation(), ()), source.columns, len(frame_keys(source.plan)))


def _whole(column: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    # Not by `to_numpy`, which imports pandas.
    parts = [np.from_dlpack(chunk) for chunk in column.cast(pa.int64()).chunks if len(chunk)]
    return np.concatenate([np.empty(0, np.int64), *parts])


def _bytes(expression: pb.Expression | None) -> bytes:
    return b"" if expression is None else bytes(expression.SerializeToString(deterministic=True))
