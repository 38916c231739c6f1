"""From the rows of the finest cells to the frames of a run: one answer says what all count queries do. Pure.

Values are told apart, ranked and summed up as columns: there may be far more cells than segments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.frames.assemble import assemble
from engine.frames.axes import GroupAxes, KeyedAxis, TermAxis
from engine.frames.frameset import FrameSet, Members
from engine.frames.group_counts import GroupCounts, term_places
from engine.frames.interpret import unheld_value
from engine.frames.keys import Cells, key_layout
from engine.frames.normal import ArrowColumn, Numbers, column_of, normal, whole_numbers
from engine.frames.plan import FramePlan
from engine.models.frame import Scalar

Flags = npt.NDArray[np.bool_]


def interpret_cells(plan: FramePlan, cells: Cells, given: Sequence[Members] = ()) -> FrameSet:
    """Build the frames that `interpret_counts` builds of the answers of all `count_queries`.

    Args:
        plan: from `plan_frames`.
        cells: the whole answer of its `cell_query`.
        given: as of `assemble`.

    Raises:
        DataError: more frames than a run may have, or a value that Python cannot hold.
    """
    layout = key_layout(plan)
    reader = _Reader(cells, layout.window)
    all_counts = [
        reader.group_counts(group, keys) for group, keys in zip(plan.groups, layout.axes, strict=True)
    ]
    return assemble(plan, reader.total, all_counts, given)


class _Reader:
    """Adds up cells, group by group.

    Attributes:
        total: rows of the full data, by window.
    """

    def __init__(self, cells: Cells, window: int | None) -> None:
        self._cells = cells
        self._windows = np.zeros(len(cells.rows), np.int64)
        if window is not None:
            self._windows = whole_numbers(cells.keys[window])
        self.total = Counter(dict(enumerate(_sums(self._windows, cells.rows).tolist())))
        self._values: dict[int, _Values] = {}

    def group_counts(self, group: GroupAxes, keys: tuple[tuple[int, ...], ...]) -> GroupCounts:
        """What the cells say of a group, whose axes have these columns."""
        counts = GroupCounts(self.total)
        places: dict[int, Numbers] = {}
        flags: dict[int, list[Flags]] = {}
        for i, (axis, columns) in enumerate(zip(group.axes, keys, strict=True)):
            if isinstance(axis, TermAxis):
                flags[i] = [_flags(self._cells.keys[column]) for column in columns]
            elif axis.field is None:
                places[i] = whole_numbers(self._cells.keys[columns[0]])
            else:
                places[i] = self._places(counts, i, axis, columns[0])
        placed = np.ones(len(self._windows), np.bool_)
        for numbers in places.values():
            placed &= numbers > 0
        self._fill(counts, group, placed, places, flags)
        for side in flags.values():
            placed &= np.logical_or.reduce(side)
        counts.covered = int(self._cells.rows[placed].sum())
        return counts

    def _places(self, counts: GroupCounts, i: int, axis: KeyedAxis, column: int) -> Numbers:
        """The place of each cell's value on an axis, or 0; keeps what was found."""
        if column not in self._values:
            self._values[column] = _tell_apart(self._cells.keys[column], self._cells.rows)
        values = self._values[column]
        if axis.members is None:
            places = values.ranks(axis.top)
            counts.found[i] = {
                place: axis.member(values.scalar(code)) for code, place in enumerate(places.tolist()) if place
            }
        else:
            assert axis.field is not None
            given = column_of([member.value for member in axis.members], axis.field.type)
            places = whole_numbers(pc.index_in(values.distinct, value_set=given), absent=-1) + 1
        counts.others[i] = int((places == 0).sum())
        return places[values.codes]

    def _fill(
        self,
        counts: GroupCounts,
        group: GroupAxes,
        placed: Flags,
        places: dict[int, Numbers],
        flags: dict[int, list[Flags]],
    ) -> None:
        """Add up the rows of each segment in each window."""
        rows = self._cells.rows[placed]
        corners = [self._windows[placed], *(numbers[placed] for numbers in places.values())]
        found, codes = _combine(corners)
        for terms in term_places(group) or [{}]:
            counted = rows
            for i, place in terms.items():
                counted = counted * flags[i][place - 1][placed]
            for (window, *at), count in zip(found, _sums(codes, counted).tolist(), strict=True):
                named = {**dict(zip(places, at, strict=True)), **terms}
                counts.cells[tuple(named[i] for i in range(len(group.axes))), window] = count


@dataclass(frozen=True, slots=True)
class _Values:
    """A column of values, told apart.

    Attributes:
        column: as it came.
        distinct: its values in the one form, each once.
        codes: which of them each cell has.
        first: the first cell of each.
        rows: how many rows have each.
    """

    column: pa.Array
    distinct: pa.Array
    codes: Numbers
    first: Numbers
    rows: Numbers

    def ranks(self, top: int) -> Numbers:
        """The place of each by rows, then by value as backends order them; 0 beyond the top."""
        table = pa.table({"rows": self.rows, "value": self.distinct})
        order = pc.sort_indices(table, sort_keys=[("rows", "descending"), ("value", "ascending")])
        best = np.asarray(order[:top], np.int64)
        places = np.zeros(len(self.rows), np.int64)
        places[best] = np.arange(1, len(best) + 1)
        return places

    def scalar(self, code: int) -> Scalar:
        """One of them as Python has it.

        Raises:
            DataError: Python cannot hold it.
        """
        try:
            found: Scalar = self.column[int(self.first[code])].as_py()
        except (ValueError, OverflowError) as error:
            raise unheld_value(error) from None
        return found


def _tell_apart(column: ArrowColumn, rows: Numbers) -> _Values:
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    encoded = normal(column).dictionary_encode(null_encoding="encode")
    codes = np.asarray(encoded.indices, np.int64)
    first = np.zeros(len(encoded.dictionary), np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # of several, the last one stays
    return _Values(column, encoded.dictionary, codes, first, _sums(codes, rows, len(first)))


def _combine(columns: list[Numbers]) -> tuple[list[list[int]], Numbers]:
    """The combinations that occur in columns of natural numbers, and which of them each row has."""
    sizes = [int(column.max(initial=0)) + 1 for column in columns]
    codes = np.zeros(len(columns[0]), np.int64)
    for column, size in zip(columns, sizes, strict=True):
        codes = codes * size + column
    distinct, places = np.unique(codes, return_inverse=True)
    parts: list[Numbers] = []
    for size in reversed(sizes):
        distinct, part = np.divmod(distinct, size)
        parts.insert(0, part)
    return np.stack(parts, axis=1).tolist(), places


def _sums(codes: Numbers, rows: Numbers, size: int = 0) -> Numbers:
    """The rows of each code, from 0. In floating point, which is exact for as many rows as there can be."""
    return np.bincount(codes, weights=rows, minlength=size).astype(np.int64)


def _flags(column: ArrowColumn) -> Flags:
    return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False), np.bool_)
