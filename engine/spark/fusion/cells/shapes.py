"""Skewness and kurtosis of the slots (Pébay 2008), in the precise form only. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.spark.fusion.cells.conditioning import SMALLEST_SQUARE
from engine.spark.fusion.cells.groups import CellStates, Floats, Merged, with_nulls
from engine.spark.fusion.cells.merges import none
from engine.spark.fusion.cells.moments import Central


@dataclass(frozen=True, slots=True)
class Shape:
    """Skewness, or excess kurtosis.

    Attributes:
        spread: the column.
        skewness: the skewness of a cell.
        kurtosis: its kurtosis; None if the skewness is wanted.
    """

    spread: Central
    skewness: int
    kurtosis: int | None = None

    def merge(self, cells: CellStates) -> Merged:
        """Merge about the mean of the slot; null for a column of one value, or none."""
        m = self.spread.moments(cells)
        n, variance = cells.longs(self.spread.count), cells.doubles(self.spread.variance)
        away = self.spread.distances(cells, m.mean)
        skewness = cells.doubles(self.skewness)  # null, read as 0, where the variance of the cell is 0
        third = n * skewness * variance**1.5
        if self.kurtosis is None:
            moment = cells.reduce(np.add, third + away * n * (3 * variance + away**2))
            value: Floats = np.sqrt(m.n) * moment / m.m2**1.5
        else:
            fourth = n * np.where(variance > 0, cells.doubles(self.kurtosis) + 3, 0.0) * variance**2
            moment = cells.reduce(np.add, fourth + away * (4 * third + away * n * (6 * variance + away**2)))
            value = m.n * moment / m.m2**2 - 3
        value = np.where(m.nan, np.nan, value)
        nulls = (m.n == 0) | (m.constant & ~m.nan)
        small = m.m2 < SMALLEST_SQUARE**0.5  # its square has lost digits
        unsure = (m.unsure | (~m.nan & (small | ~np.isfinite(value))) | (m.nan & (m.n == 1))) & ~nulls
        return Merged(with_nulls(value, nulls), unsure, none(cells))
