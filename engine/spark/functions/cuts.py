"""Rows in batches of another cut, by which functions of batches show whether the cut changes what they give.

Where Spark cuts rows into batches depends on files, processors and what ran before. A whole number comes to
pandas as a float in a batch with a null, and a function may look at all rows of its batch. So some rows are
evaluated once more in other batches: those without nulls apart from those with some, or half and half.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.spark.functions.order import close

_MOST: Final = 500
# Beyond it not every whole number is a float.
_EXACT: Final = 1 << 53
# Floats that are as near are the same: sums of another order differ in the last digits, in Spark, too.
NEAR: Final = 1e-12
_NEAR_FLOAT32: Final = 1e-6


@dataclass(frozen=True, slots=True)
class OtherCut:
    """Some rows in two batches.

    Attributes:
        rows: their places, in the order of the batches.
        first: how many are in the first batch.
    """

    rows: npt.NDArray[np.int64]
    first: int


class Sample:
    """Rows that stream by, as far as they tell how batches are cut and what they give.

    Attributes:
        arguments: of functions, of the rows that were kept.
    """

    def __init__(self) -> None:
        """Nothing came yet."""
        self._rows = 0
        self._counts = [0, 0]
        self._places = list[npt.NDArray[np.int64]]()
        self._tables = list[pa.Table]()
        self._results = list[pa.Table]()
        self._taken = self._given = 0
        self._exact = list[tuple[bool, bool]]()

    def see(self, arguments: pa.Table) -> None:
        """The next rows come, in one batch."""
        self._exact = _both(self._exact, _exactness(arguments))
        if min(self._counts) < 2 * _MOST:
            holes = _holes(arguments)
            kept = []
            for kind, found in enumerate((np.flatnonzero(~holes), np.flatnonzero(holes))):
                kept.append(found[: 2 * _MOST - self._counts[kind]])
                self._counts[kind] += len(kept[-1])
            rows = np.sort(np.concatenate(kept))
            if len(rows):
                self._tables.append(arguments.take(pa.array(rows)))
                self._places.append(rows + self._rows)
        self._rows += arguments.num_rows

    def give(self, columns: Sequence[pa.ChunkedArray]) -> None:
        """What functions gave for the next rows."""
        start, end = self._given, self._given + len(columns[0])
        while self._taken < len(self._places) and self._places[self._taken][0] < end:
            here = self._places[self._taken]
            inside = here[(here >= start) & (here < end)]
            if len(inside):
                rows = pa.array(inside - start)
                self._results.append(
                    pa.table([one.take(rows) for one in columns], names=list(map(str, range(len(columns)))))
                )
            if here[-1] >= end:
                break
            self._taken += 1
        self._given = end

    @property
    def arguments(self) -> pa.Table:
        """Those of the rows that were kept."""
        return pa.concat_tables(self._tables)

    @property
    def results(self) -> tuple[pa.ChunkedArray, ...]:
        """What was given for them."""
        return tuple(pa.concat_tables(self._results).columns)

    @property
    def is_inexact(self) -> bool:
        """Whether pandas rounds whole numbers among all rows, which it does in a batch with a null."""
        return any(null and beyond for null, beyond in self._exact)


def other_cut(arguments: pa.Table) -> OtherCut | None:
    """Batches that differ from those of all rows as much as any do; None for one row, which is a batch.

    Args:
        arguments: the columns that functions are called with.
    """
    if arguments.num_rows < 2:
        return None
    holes = _holes(arguments)
    whole, broken = np.flatnonzero(~holes)[:_MOST], np.flatnonzero(holes)[:_MOST]
    if len(whole) < 2 or not len(broken):
        rows = np.arange(min(arguments.num_rows, 2 * _MOST))
        return OtherCut(rows, len(rows) // 2)
    # A batch of nothing but nulls is rare, and what is written for values may not take it.
    return OtherCut(np.concatenate([whole, broken]), len(whole) - 1)


def is_inexact(arguments: pa.Table) -> bool:
    """Whether pandas rounds whole numbers among them, which it does in a batch with a null."""
    return any(null and beyond for null, beyond in _exactness(arguments))


def same(
    columns: Sequence[pa.ChunkedArray], others: Sequence[pa.ChunkedArray], *, near: float = NEAR
) -> bool:
    """Whether results are the same, but for the last digits of floats.

    Args:
        columns: the results of one call.
        others: those of another call, as many and in the same order.
        near: by what part of it a float may differ.
    """
    return all(
        close(mine, other, near=max(near, _NEAR_FLOAT32) if pa.types.is_float32(one.type) else near)
        for one, another in zip(columns, others, strict=True)
        for mine, other in zip(one.to_pylist(), another.to_pylist(), strict=True)
    )


def _has_null(array: pa.Array) -> npt.NDArray[np.bool_]:
    """Which of the values are null, or hold a null."""
    found: npt.NDArray[np.bool_] = pc.is_null(array).to_numpy(zero_copy_only=False)
    if pa.types.is_struct(array.type):
        for field in array.flatten():
            found = found | _has_null(field)
    elif (inner := _inner(array)) is not None:
        counts = np.concatenate([[0], np.cumsum(_has_null(inner))])
        offsets = array.offsets.to_numpy()
        found = found | (counts[offsets[1:]] > counts[offsets[:-1]])
    return found


def _inner(array: pa.Array) -> pa.Array | None:
    """The values of lists or maps, by their offsets."""
    if pa.types.is_map(array.type):
        return array.items
    return array.values if pa.types.is_list(array.type) else None


def _exactness(arguments: pa.Table) -> list[tuple[bool, bool]]:
    """For each of the whole numbers in columns, whether there is a null, and one that is no float."""
    found = list[tuple[bool, bool]]()
    for column in arguments.columns:
        for place, chunk in enumerate(column.chunks):
            own = list(_exact_parts(chunk))
            if not place:
                start = len(found)
                found += own
            found[start:] = _both(found[start:], own)
    return found


def _both(one: list[tuple[bool, bool]], other: list[tuple[bool, bool]]) -> list[tuple[bool, bool]]:
    if not one or not other:
        return one or other
    return [(a or c, b or d) for (a, b), (c, d) in zip(one, other, strict=True)]


def _exact_parts(array: pa.Array) -> Iterator[tuple[bool, bool]]:
    """See `_exactness`; of one column, in an order that depends on its type alone."""
    if pa.types.is_int64(array.type):
        ends = pc.min_max(array).as_py()
        beyond = ends["min"] is not None and max(-ends["min"], ends["max"]) > _EXACT
        yield bool(array.null_count), beyond
    elif pa.types.is_struct(array.type):
        for field in array.flatten():
            yield from _exact_parts(field)
    elif (inner := _inner(array)) is not None:
        yield from _exact_parts(inner)


def _holes(arguments: pa.Table) -> npt.NDArray[np.bool_]:
    """Which rows hold a null."""
    holes = np.zeros(arguments.num_rows, dtype=bool)
    for column in arguments.columns:
        if column.null_count or pa.types.is_nested(column.type):
            holes |= np.concatenate([_has_null(chunk) for chunk in column.chunks])
    return holes
