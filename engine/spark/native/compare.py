"""Whether two answers to one plan are the same, as far as Spark itself would give the same twice. Pure."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyspark.sql.connect.proto as pb

# For values whose last bits are up to the order of summation. What is computed of large numbers that cancel
# out may differ by more; that is told as a difference, which costs only speed.
_RELATIVE = 1e-6
_ABSOLUTE = 1e-9


@dataclass(frozen=True, slots=True)
class Given:
    """An answer.

    Attributes:
        schema: as Spark tells it.
        table: the rows.
    """

    schema: pb.DataType
    table: pa.Table


def difference(mine: Given, theirs: Given, approximate: Sequence[bool], *, ordered: bool) -> str:
    """What is different, in a few words without any value; empty if nothing is.

    Args:
        mine: the native answer.
        theirs: Spark's answer.
        approximate: of each column, whether its last bits are not fixed.
        ordered: whether the order of the rows is.
    """
    if mine.schema != theirs.schema:
        return "the type"
    if mine.table.num_rows != theirs.table.num_rows:
        return "the number of rows"
    rows, others = _rows(mine.table, approximate), _rows(theirs.table, approximate)
    if not ordered:
        rows, others = sorted(rows, key=_place), sorted(others, key=_place)
    for place, (row, other) in enumerate(zip(rows, others, strict=True)):
        if row[0] != other[0]:
            return f"a value in row {place}"
        if not all(_close(one, two) for one, two in zip(row[1], other[1], strict=True)):
            return f"a value in row {place}, by more than the order of summation explains"
    return ""


# The exact values of a row, as text, and the others.
_Row = tuple[tuple[str, ...], tuple[object, ...]]


def _rows(table: pa.Table, approximate: Sequence[bool]) -> list[_Row]:
    columns = [column.to_pylist() for column in table.columns]
    exact = [list(map(_exact, one)) for one, loose in zip(columns, approximate, strict=True) if not loose]
    others = [one for one, loose in zip(columns, approximate, strict=True) if loose]
    return [
        (tuple(one[row] for one in exact), tuple(one[row] for one in others)) for row in range(table.num_rows)
    ]


def _place(row: _Row) -> tuple[tuple[str, ...], tuple[tuple[int, float], ...]]:
    numbers = tuple((0, value) if _is_plain(value) else (1, 0.0) for value in row[1])
    return row[0], numbers  # type: ignore[return-value]


def _is_plain(value: object) -> bool:
    return isinstance(value, float) and not math.isnan(value)


def _exact(value: object) -> str:
    if isinstance(value, float):  # NaN is one, whatever its bits
        return "nan" if math.isnan(value) else struct.pack("<d", value).hex()
    return repr(value)


def _close(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        return math.isclose(one, other, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
    return repr(one) == repr(other)
