"""When sums of powers are good enough for a second moment. Pure.

M2 = sum(x*x) - sum(x)^2 / n cancels where the mean is large beside the spread: the error of M2 is the error
of sum(x*x), relative to sum(x*x), times the condition sum(x*x) / M2 (Chan, Golub and LeVeque 1983). Adding
up m positive doubles errs by at most m * 2^-53, and by about the square root of that where the errors are
random; they are not where the same few values return. The longest run of additions is within the largest
cell; the additions of cells are few. So with TOLERANCE for M2 the condition may be
TOLERANCE / (m * 2^-53): 9,000 for a cell of 10,000 rows, 18 for one of five million. It never needs to
exceed MOST: beyond it the mean is over 60 times the standard deviation.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.spark.fusion.cells.groups import Floats, Longs, Mask

TOLERANCE: Final = 1e-8
MOST: Final = 4e3
_ROUNDING: Final = 2.0**-53
# Below it squares have lost digits, or all of them.
SMALLEST_SQUARE: Final = 1e-280


def most_condition(largest_cell: Longs) -> Floats:
    """The condition up to which sums of powers give second moments within TOLERANCE.

    Args:
        largest_cell: rows in the largest cell of each slot.
    """
    return np.minimum(MOST, TOLERANCE / (np.maximum(largest_cell, 1) * _ROUNDING))


def is_blurred(n: Longs, largest_cell: Longs, largest_mean: Floats, m2: Floats) -> Mask:
    """Where moments about the mean, too, have an error beyond TOLERANCE.

    The backends update mean and M2 row by row: each row's distance errs by 2^-53 of the mean, and the
    errors are random, which makes 2^-53 |mean| sqrt(M2) of M2, by our measurements less than twice that. The
    means of the cells err as sums do.

    Args:
        n: number of values.
        largest_cell: rows in the largest cell of each slot.
        largest_mean: the largest magnitude of the mean of a cell.
        m2: sum of squared distances.
    """
    by_rows = 8 * _ROUNDING * largest_mean * np.sqrt(m2)
    by_means = n * np.square(largest_cell * _ROUNDING * largest_mean)
    return np.asarray((by_rows + by_means > TOLERANCE * m2) | (m2 < SMALLEST_SQUARE))
