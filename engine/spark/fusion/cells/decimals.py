"""Exact sums and averages of decimals. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from engine.spark.fusion.cells.groups import CellStates, Mask

_LIMB: Final = 32
_LOW: Final = np.uint64(2**_LIMB - 1)
_MOST_DIGITS: Final = 38
_AVERAGE_DIGITS: Final = 4  # an average has so many more digits than its column, before and after the point
_SUM_DIGITS: Final = 10  # a sum has so many more than its column


def sum_integers(cells: CellStates, state: int) -> list[int]:
    """The sum of the unscaled values of a state of decimals, for each slot; null counts as 0."""
    column = cells.column(state)
    words = np.frombuffer(column.buffers()[1], np.uint64).reshape(-1, 2)
    words = words[column.offset : column.offset + len(column)]
    low, high = words[:, 0], words[:, 1]
    # Four limbs in 64 bits each: no sum of less than two thousand million cells overflows.
    limbs = [
        (low & _LOW).astype(np.int64),
        (low >> np.uint64(_LIMB)).astype(np.int64),
        (high & _LOW).astype(np.int64),
        high.view(np.int64) >> _LIMB,
    ]
    if column.null_count:
        valid = column.is_valid().to_numpy(zero_copy_only=False)
        limbs = [np.where(valid, limb, 0) for limb in limbs]
    sums = [cells.reduce(np.add, limb).tolist() for limb in limbs]
    return [a + (b << _LIMB) + (c << 2 * _LIMB) + (d << 3 * _LIMB) for a, b, c, d in zip(*sums, strict=True)]


def from_integers(values: list[int], nulls: Mask, kind: pa.Decimal128Type) -> tuple[pa.Array, Mask]:
    """An array of decimals of their unscaled values, and where these do not fit."""
    most = 10**kind.precision
    misfits = np.array([abs(value) >= most for value in values], np.bool_)
    raw = b"".join((0 if abs(v) >= most else v).to_bytes(16, "little", signed=True) for v in values)
    bits = np.packbits(~(nulls | misfits), bitorder="little").tobytes()
    return pa.Array.from_buffers(kind, len(values), [pa.py_buffer(bits), pa.py_buffer(raw)]), misfits


def average_type(total: pa.Decimal128Type) -> pa.Decimal128Type | None:
    """The type of an average by the type of the sum; None if the sum's does not tell."""
    if total.precision == _MOST_DIGITS:  # that of columns of 28 digits and more
        return None
    digits = total.precision - _SUM_DIGITS + _AVERAGE_DIGITS
    return pa.decimal128(min(digits, _MOST_DIGITS), min(total.scale + _AVERAGE_DIGITS, _MOST_DIGITS))


def quotients(totals: list[int], counts: list[int]) -> list[int]:
    """Totals by counts, unscaled, with the digits that an average has more.

    Halves are rounded away from zero, as Spark does; a quotient by 0 is 0.
    """
    values: list[int] = []
    for total, count in zip(totals, counts, strict=True):
        whole, rest = divmod(abs(total) * 10**_AVERAGE_DIGITS, count or 1)
        values.append((whole + (2 * rest >= (count or 1))) * (-1 if total < 0 else 1))
    return values
