"""Counting the rows of a run's frames, and finding its segments, together with the first questions.

One query groups all rows by the finest cells, the keys of all segment groups together. What the runs ask
first travels in it, where cells can answer it and nothing but filters lies below. If they all have the same
filter, or none, whether a row passes it is one more key; otherwise each state looks at its own filter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.backends.tables import fetch
from engine.errors import BackendError, BackendLost, Interrupted
from engine.frames import (
    Cells,
    FrameSet,
    cell_query,
    count_queries,
    frame_keys,
    interpret_cells,
    interpret_counts,
)
from engine.frames.build import Literal, aggregated, call, column, limited, literal, long, named
from engine.fusion.carry import key_names, keyed_base
from engine.fusion.cells import guardable, row_condition, states_under
from engine.fusion.chain import Chain
from engine.plans import check_bound
from engine.sharing.cut import flat
from engine.sharing.gather import Gather, Offer, StateTable
from engine.sharing.once import Patience
from engine.sharing.queries import Source

# More cells than this are not fetched; fields with so many values are ranked by the backend instead.
MAX_CELLS: Final = 100_000
_ROWS: Final = "_calcmetric_rows"
_KEPT: Final = "_calcmetric_kept"
_FIRST_QUESTION_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Counted:
    """The frames of a run.

    Attributes:
        frames: with their rows, families, and what is cut.
        cells: how many cells have rows; None if they are too many to be fetched.
        queries: how many were needed.
    """

    frames: FrameSet
    cells: int | None
    queries: int


def count_apart(source: Source, patience: Patience) -> Counted:
    """Count with one query for each segment group.

    Raises:
        BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
        DataError: as `interpret_counts`.
    """
    queries = count_queries(source.plan, source.relation)
    tables = [
        fetch(source.session, query, deadline=patience.deadline, cancel=patience.cancel).table
        for query in queries
    ]
    return Counted(interpret_counts(source.plan, tables), None, len(queries))


def count_together(source: Source, gather: Gather, patience: Patience) -> Counted:
    """Count with one query for all cells, which answers the first questions of runs as well.

    Raises:
        BackendError, BackendLost, Interrupted: as `BackendSession.execute`.
        DataError: as `interpret_cells`.
    """
    offers = gather.close(_FIRST_QUESTION_SECONDS)
    joined = _Common.of(source, offers)
    queries = 0
    try:
        if joined is not None:
            queries += 1
            cells = joined.run(gather, patience)
            if cells is not None:
                return Counted(interpret_cells(source.plan, cells), len(cells.rows), queries)
    finally:
        for offer in offers:
            if not offer.settled:
                gather.settle(offer, None)
    names = _names(source)
    query = cell_query(source.plan, source.relation, names, MAX_CELLS)
    table = fetch(source.session, query, deadline=patience.deadline, cancel=patience.cancel).table
    queries += 1
    if table.num_rows > MAX_CELLS:
        apart = count_apart(source, patience)
        return Counted(apart.frames, None, apart.queries + queries)
    cells = Cells([flat(table.column(i)) for i in range(len(names))], _whole(table.column(len(names))))
    return Counted(interpret_cells(source.plan, cells), len(cells.rows), queries)


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

    source: Source
    offers: tuple[Offer, ...]
    relation: pb.Relation
    places: tuple[tuple[int, ...], ...]
    kept: bool

    @staticmethod
    def of(source: Source, offers: Sequence[Offer]) -> _Common | None:
        """Build it; None if there is nothing to answer."""
        fresh = [offer for offer in offers if not offer.settled and guardable(offer.plan)]
        part = [(offer, row_condition(offer.plan)) for offer in fresh]
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

    def run(self, gather: Gather, patience: Patience) -> Cells | None:
        """Ask, and tell the offers; None if it failed, or there are too many cells."""
        half = patience.half()
        try:
            table = fetch(
                self.source.session, self.relation, deadline=half.deadline, cancel=half.cancel
            ).table
        except BackendLost:
            raise
        except BackendError:
            return None
        except Interrupted:
            patience.check()
            return None
        if table.num_rows > MAX_CELLS:
            return None
        width = len(frame_keys(self.source.plan))
        keys = [flat(table.column(i)) for i in range(width)]
        columns = [flat(table.column(i)) for i in range(width + self.kept, table.num_columns)]
        mask = flat(table.column(width)) if self.kept else None
        for offer, places in zip(self.offers, self.places, strict=True):
            states = [columns[1 + place] for place in places]
            gather.settle(offer, StateTable(_kept(keys, mask), _kept(states, mask)))
        return Cells(keys, _whole(table.column(width + self.kept)))


def _kept(columns: Sequence[pa.Array], mask: pa.Array | None) -> tuple[pa.Array, ...]:
    return tuple(column if mask is None else column.filter(mask) for column in columns)


def _names(source: Source) -> tuple[str, ...]:
    return key_names(Chain(pb.Relation(), ()), source.columns, len(frame_keys(source.plan)))


def _whole(column: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.asarray(column.to_numpy(), np.int64)


def _bytes(expression: pb.Expression | None) -> bytes:
    return b"" if expression is None else bytes(expression.SerializeToString(deterministic=True))
