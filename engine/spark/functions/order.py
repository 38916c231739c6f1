"""Whether two results of a function are the same rows, in whatever order, but for the last bits of floats.

A function of groups is tried on some of them in two orders of their rows: Spark leaves that order open, so a
number that depends on it is nobody's number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa

# Of the largest float of a column: what two orders of adding up may differ by, and how rows are told apart.
_TOLERANCE: Final = 1e-9
_DIGITS: Final = 6
# Rows that are looked at; of more only the number is.
_MOST_COMPARED: Final = 50_000


def same_rows(one: Sequence[pa.ChunkedArray], other: Sequence[pa.ChunkedArray]) -> bool:
    """Whether the columns hold the same rows.

    Args:
        one: columns of one length.
        other: of the same types.
    """
    if len(one[0]) != len(other[0]) or len(one[0]) > _MOST_COMPARED:
        return len(one[0]) == len(other[0])
    columns = [(first.to_pylist(), second.to_pylist()) for first, second in zip(one, other, strict=True)]
    scales = [max(map(abs, _floats([first, second])), default=0.0) or 1.0 for first, second in columns]
    sides = []
    for values in zip(*columns, strict=True):
        rows = zip(*values, strict=True)
        sides.append(sorted(rows, key=lambda row: repr([*map(_rounded, row, scales)])))
    return all(
        close(first, second, near=_TOLERANCE, floor=_TOLERANCE * scale)
        for rows in zip(*sides, strict=True)
        for first, second, scale in zip(*rows, scales, strict=True)
    )


def close(one: Any, other: Any, *, near: float, floor: float = 0.0) -> bool:
    """Whether two values are the same, but for the last digits of floats.

    Args:
        one: a value of one result, as Python has it.
        other: the value in the same place of the other result.
        near: by what part of it a float may differ.
        floor: by how much it may differ in any case.
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        both = math.isnan(one) and math.isnan(other)
        return both or math.isclose(one, other, rel_tol=near, abs_tol=floor)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(
            close(mine, its, near=near, floor=floor) for mine, its in zip(one, other, strict=True)
        )
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            close(one[key], other[key], near=near, floor=floor) for key in one
        )
    return bool(one == other)


def _floats(value: Any) -> Iterator[float]:
    """The finite floats in a value."""
    if isinstance(value, float) and math.isfinite(value):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _floats(one)
    elif isinstance(value, dict):
        yield from _floats(list(value.values()))


def _rounded(value: Any, scale: float) -> Any:
    if isinstance(value, float):
        return round(value / scale, _DIGITS) + 0.0 if math.isfinite(value) else str(value)
    if isinstance(value, list | tuple):
        return [_rounded(one, scale) for one in value]
    if isinstance(value, dict):
        return [(name, _rounded(one, scale)) for name, one in value.items()]
    return value
