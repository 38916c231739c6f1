"""Rows in batches of another cut, by which functions of batches show whether the cut changes what they give.

Where Spark cuts rows into batches depends on files, processors and what ran before. A whole number comes to
pandas as a float in a batch with a null, and a function may look at all rows of its batch. So some rows are
evaluated once more in other batches: those without nulls apart from those with some, or half and half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.functions.order import close

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


def other_cut(arguments: pa.Table) -> OtherCut | None:
    """Batches that differ from those of all rows as much as any do; None for one row, which is a batch.

    Args:
        arguments: of functions.
    """
    if arguments.num_rows < 2:
        return None
    holes = np.zeros(arguments.num_rows, dtype=bool)
    for column in arguments.columns:
        holes |= np.concatenate([_has_null(chunk) for chunk in column.chunks])
    whole, broken = np.flatnonzero(~holes)[:_MOST], np.flatnonzero(holes)[:_MOST]
    if len(whole) < 2 or not len(broken):
        rows = np.arange(min(arguments.num_rows, 2 * _MOST))
        return OtherCut(rows, len(rows) // 2)
    # A batch of nothing but nulls is rare, and what is written for values may not take it.
    return OtherCut(np.concatenate([whole, broken]), len(whole) - 1)


def is_inexact(arguments: pa.Table) -> bool:
    """Whether pandas rounds whole numbers among them, which it does in a batch with a null."""
    return any(_is_inexact(chunk) for column in arguments.columns for chunk in [column.combine_chunks()])


def same(
    columns: Sequence[pa.ChunkedArray], others: Sequence[pa.ChunkedArray], *, near: float = NEAR
) -> bool:
    """Whether results are the same, but for the last digits of floats.

    Args:
        columns: results.
        others: as many.
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


def _is_inexact(array: pa.Array) -> bool:
    if pa.types.is_int64(array.type):
        if not array.null_count:
            return False
        ends = pc.min_max(array).as_py()
        return ends["min"] is not None and max(-ends["min"], ends["max"]) > _EXACT
    if pa.types.is_struct(array.type):
        return any(map(_is_inexact, array.flatten()))
    inner = _inner(array)
    return inner is not None and _is_inexact(inner)
