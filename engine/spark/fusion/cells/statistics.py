"""Variances, covariances, correlation and regression of the merged moments. Pure.

What comes of no row, of one, of a constant column and of NaN is what Spark 4.2 gives for the rows themselves;
where nobody has compared that the slot is unsure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from engine.spark.fusion.cells.groups import CellStates, Floats, Mask, Merged, with_nulls
from engine.spark.fusion.cells.moments import Moments, Spread
from engine.spark.fusion.cells.pairs import Pair, PairMoments


@dataclass(frozen=True, slots=True)
class Variance:
    """A variance or standard deviation.

    Attributes:
        spread: the column.
        sample: whether n - 1 divides.
        root: whether it is a standard deviation.
    """

    spread: Spread
    sample: bool
    root: bool

    def merge(self, cells: CellStates) -> Merged:
        """Divide M2."""
        m = self.spread.moments(cells)
        value = m.m2 / np.maximum(m.n - self.sample, 1)
        value = np.where(m.nan, np.nan, np.sqrt(value) if self.root else value)
        nulls = m.n <= self.sample
        unsure = (m.unsure | (m.nan & (m.n == 1))) & ~nulls
        return Merged(with_nulls(value, nulls), unsure, m.rough & ~m.exact & ~nulls)


@dataclass(frozen=True, slots=True)
class Covariance:
    """A covariance.

    Attributes:
        pair: the columns.
        sample: whether n - 1 divides.
    """

    pair: Pair
    sample: bool

    def merge(self, cells: CellStates) -> Merged:
        """Divide the co-moment."""
        m = self.pair.moments(cells)
        value = np.where(m.nan, np.nan, m.c / np.maximum(m.n - self.sample, 1))
        return _merged(m, value, nulls=m.n <= self.sample)


@dataclass(frozen=True, slots=True)
class Correlation:
    """Pearson's correlation.

    Attributes:
        pair: the columns.
    """

    pair: Pair

    def merge(self, cells: CellStates) -> Merged:
        """Divide. With a constant column Spark raises."""
        m = self.pair.moments(cells)
        value = np.where(m.nan, np.nan, m.c / (np.sqrt(m.x.m2) * np.sqrt(m.y.m2)))
        product = m.x.m2 * m.y.m2  # what Spark takes the root of
        beyond = ~m.nan & ((product == 0) | ~np.isfinite(product))
        merged = _merged(m, np.clip(value, -1.0, 1.0), nulls=m.n <= 1)
        unsure = merged.unsure | (beyond & (m.n > 1) & ~m.coarse)
        return Merged(merged.values, unsure, merged.coarse)


@dataclass(frozen=True, slots=True)
class Regression:
    """A figure of the linear regression of y upon x.

    Attributes:
        pair: x, then y: the other way round than the arguments of the SQL functions.
        figure: the name of the function.
    """

    pair: Pair
    figure: str

    def merge(self, cells: CellStates) -> Merged:
        """Compute the figure. With NaN it depends on whether another column is constant."""
        m = self.pair.moments(cells)
        match self.figure:
            case "regr_sxx":
                return _scatter(m.x)
            case "regr_syy":
                return _scatter(m.y)
            case "regr_sxy":
                return _merged(m, np.where(m.nan, np.nan, m.c), nulls=m.n == 0)
        merged = _merged(m, self._line(m), nulls=(m.n <= 1) | (m.x.constant & ~m.nan))
        odd = m.nan & (m.n > 1)
        if self.figure == "regr_r2":  # which is not defined for a constant column, nor for one pair
            odd |= (m.n > 0) & (m.x.constant | m.y.constant) & ~m.coarse
        return Merged(merged.values, merged.unsure | odd, merged.coarse)

    def _line(self, m: PairMoments) -> Floats:
        slope = m.c / m.x.m2
        match self.figure:
            case "regr_slope":
                return slope
            case "regr_intercept":
                return np.asarray(m.y.mean - slope * m.x.mean)
        return np.asarray(np.minimum(slope * m.c / m.y.m2, 1.0))


def _scatter(m: Moments) -> Merged:
    nulls = m.n == 0
    unsure = (m.unsure | (m.nan & (m.n == 1))) & ~nulls
    return Merged(with_nulls(np.where(m.nan, np.nan, m.m2), nulls), unsure, m.rough & ~m.exact & ~nulls)


def _merged(m: PairMoments, value: Floats, nulls: Mask) -> Merged:
    unsure = (m.unsure | (m.nan & (m.n == 1)) | (~np.isfinite(value) & ~m.nan & ~m.coarse)) & ~nulls
    values: pa.Array = with_nulls(value, nulls)
    return Merged(values, unsure, m.coarse & ~nulls)
