"""First and second moments of the slots, from the states of their cells, in two forms. Pure.

Fast: sums of powers, which cancel where the mean is large. Precise: count, mean and M2 of each cell, merged
about the mean of the slot (Chan, Golub and LeVeque 1983), which is exact for columns of one value too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.spark.fusion.cells.conditioning import (
    SMALLEST_SQUARE,
    is_blurred,
    most_condition,
)
from engine.spark.fusion.cells.groups import CellStates, Floats, Longs, Mask
from engine.spark.fusion.cells.merges import none

# Up to here sums of squares of integers are exact in doubles; and products of BIGINTs do not overflow.
_EXACT: Final = 2.0**53
_NO_OVERFLOW: Final = 2.0**62


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Of one column, or of the first of a pair, in each slot.

    Attributes:
        n: number of values.
        mean: 0 where there is none.
        m2: sum of squared distances from the mean.
        constant: whether there is one value only; never for no values.
        nan: whether a value is NaN.
        unsure: not to be answered here: infinite, out of range, or of an unknown type.
        exact: whether all sums are those of integers, without rounding.
        rough: whether the sums cancel, unless they are exact.
    """

    n: Longs
    mean: Floats
    m2: Floats
    constant: Mask
    nan: Mask
    unsure: Mask
    exact: Mask
    rough: Mask


@dataclass(frozen=True, slots=True)
class Powers:
    """The fast form.

    Attributes:
        count: the number of values.
        total: their sum, in its own type: that of integers is exact.
        squares: the sum of their squares as doubles.
    """

    count: int
    total: int
    squares: int

    def moments(self, cells: CellStates) -> Moments:
        """Merge."""
        n = cells.count(self.count)
        kind = cells.kind(self.total)
        if not (kind in (pa.int64(), pa.float64()) or pa.types.is_decimal(kind)):
            zero, no = np.zeros(cells.size), none(cells)
            return Moments(n, zero, zero, no, no, unsure=~no, exact=no, rough=no)
        cell_totals = cells.doubles(self.total)
        nan = cells.any(np.isnan(cell_totals))
        totals, beyond = cells.total(self.total)
        squares, _ = cells.total(self.squares)
        return self._moments(cells, n, totals, squares, nan, beyond)

    def _moments(
        self, cells: CellStates, n: Longs, totals: npt.NDArray[Any], squares: Floats, nan: Mask, beyond: Mask
    ) -> Moments:
        size = np.maximum(n, 1)
        m2 = np.maximum(squares - np.square(totals.astype(np.float64)) / size, 0.0)
        exact = none(cells)
        if totals.dtype == np.int64:
            exact = (squares < _EXACT) & ~beyond
            m2[exact] = exact_scatter(n[exact], totals[exact], totals[exact], squares[exact])
            beyond = beyond | (np.sqrt(squares * size) >= _NO_OVERFLOW)
        single = (n <= 1) | (squares == 0)
        m2[single] = 0.0
        rough = squares > most_condition(self._largest(cells)) * m2
        rough |= ~np.isfinite(squares) | (squares < SMALLEST_SQUARE)
        finite = np.isfinite(totals)
        return Moments(
            n=n,
            mean=totals / size,
            m2=m2,
            constant=(n == 1) | ((n > 0) & ((squares == 0) | (exact & (m2 == 0)))),
            nan=nan,
            unsure=(~finite & ~nan) | beyond,
            exact=exact,
            rough=rough & ~single & finite,
        )

    def _largest(self, cells: CellStates) -> Longs:
        return cells.reduce(np.maximum, cells.longs(self.count))


@dataclass(frozen=True, slots=True)
class Central:
    """The precise form: of values as doubles, in each cell.

    Attributes:
        count: the number of values.
        mean: their average.
        variance: their population variance.
        least: the least of them.
        greatest: the greatest.
    """

    count: int
    mean: int
    variance: int
    least: int
    greatest: int

    def moments(self, cells: CellStates) -> Moments:
        """Merge in two passes: the mean of the slot, then the distances from it."""
        counts, n = cells.longs(self.count), cells.count(self.count)
        means = cells.doubles(self.mean)
        nan = cells.any(np.isnan(means))
        mean = cells.reduce(np.add, counts * means) / np.maximum(n, 1)
        away = self.distances(cells, mean)
        m2 = cells.reduce(np.add, counts * (cells.doubles(self.variance) + np.square(away)))
        least = cells.reduce(np.minimum, cells.doubles(self.least, np.inf))
        greatest = cells.reduce(np.maximum, cells.doubles(self.greatest, -np.inf))
        constant = (n == 1) | ((n > 0) & (least == greatest) & ~nan)
        m2[constant] = 0.0
        finite = np.isfinite(mean) & np.isfinite(m2)
        largest = cells.reduce(np.maximum, np.where(counts > 0, np.abs(means), 0.0))
        blurred = ~constant & (n > 0) & finite & is_blurred(n, cells.reduce(np.maximum, counts), largest, m2)
        no = none(cells)
        return Moments(n, mean, m2, constant, nan, (~finite & ~nan) | blurred, exact=no, rough=no)

    def distances(self, cells: CellStates, mean: Floats) -> Floats:
        """How far the mean of each cell is from that of its slot; 0 for a cell without values."""
        return np.where(cells.longs(self.count) > 0, cells.doubles(self.mean) - mean[cells.slots], 0.0)


class Spread(Protocol):
    """Either form."""

    def moments(self, cells: CellStates) -> Moments:
        """Merge the states."""
        ...


def exact_scatter(n: Longs, x: Longs, y: Longs, products: Floats) -> Floats:
    """sum(xy) - sum(x) * sum(y) / n of integers, rounded once.

    Args:
        n: the number of pairs.
        x: sums of the first.
        y: sums of the second.
        products: sums of the products: integers below 2^53.
    """
    size = np.maximum(n, 1)
    if np.all(np.maximum(np.abs(x).astype(np.float64) * np.abs(y), size * np.abs(products)) < _NO_OVERFLOW):
        return np.asarray((n * products.astype(np.int64) - x * y) / size)
    rows = zip(n.tolist(), x.tolist(), y.tolist(), products.tolist(), strict=True)
    return np.array([(k * int(p) - a * b) / max(k, 1) for k, a, b, p in rows], np.float64)
