"""Moments of two columns together, over the rows in which neither is null. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.spark.fusion.cells.groups import CellStates, Floats, Longs, Mask
from engine.spark.fusion.cells.merges import none
from engine.spark.fusion.cells.moments import Central, Moments, Powers, exact_scatter


@dataclass(frozen=True, slots=True, eq=False)
class PairMoments:
    """Of a pair, in each slot.

    Attributes:
        x: the first column.
        y: the second.
        c: sum of the products of the distances from both means.
        nan: whether a value is NaN.
        unsure: not to be answered here.
        coarse: whether the sums are too inaccurate to be used.
    """

    x: Moments
    y: Moments
    c: Floats
    nan: Mask
    unsure: Mask
    coarse: Mask

    @property
    def n(self) -> Longs:
        """The number of pairs."""
        return self.x.n


class Pair(Protocol):
    """Either form."""

    def moments(self, cells: CellStates) -> PairMoments:
        """Merge the states."""
        ...


@dataclass(frozen=True, slots=True)
class PairPowers:
    """The fast form: sums of powers, and of products."""

    x: Powers
    y: Powers
    products: int

    def moments(self, cells: CellStates) -> PairMoments:
        """Merge."""
        x, y = self.x.moments(cells), self.y.moments(cells)
        products, _ = cells.total(self.products)
        c = products - x.mean * y.mean * x.n
        exact = x.exact & y.exact
        if exact.any():
            totals = cells.total(self.x.total)[0][exact], cells.total(self.y.total)[0][exact]
            c[exact] = exact_scatter(x.n[exact], *totals, products[exact])
        c[x.constant | y.constant] = 0.0
        nan = x.nan | y.nan
        unsure = x.unsure | y.unsure
        coarse = (x.rough | y.rough | ~np.isfinite(products)) & ~exact & ~nan & ~unsure
        return PairMoments(x, y, c, nan, unsure, coarse)


@dataclass(frozen=True, slots=True)
class PairCentral:
    """The precise form: both columns, and the population covariance of each cell."""

    x: Central
    y: Central
    covariance: int

    def moments(self, cells: CellStates) -> PairMoments:
        """Merge."""
        x, y = self.x.moments(cells), self.y.moments(cells)
        apart = self.x.distances(cells, x.mean) * self.y.distances(cells, y.mean)
        c = cells.reduce(np.add, cells.longs(self.x.count) * (cells.doubles(self.covariance) + apart))
        c[x.constant | y.constant] = 0.0
        nan = x.nan | y.nan
        unsure = x.unsure | y.unsure | (~np.isfinite(c) & ~nan)
        return PairMoments(x, y, c, nan, unsure, none(cells))
