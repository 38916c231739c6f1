"""How counts, sums, averages, extremes and bits of cells become those of a slot. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from engine.spark.fusion.cells.decimals import average_type, from_integers, quotients, sum_integers
from engine.spark.fusion.cells.groups import CellStates, Mask, Merged, plain, with_nulls


class Merge(Protocol):
    """A rule that makes one aggregate of the states that it asked for."""

    def merge(self, cells: CellStates) -> Merged:
        """The aggregate of every slot."""
        ...


@dataclass(frozen=True, slots=True)
class Count:
    """A number of rows, in the type of the state."""

    state: int

    def merge(self, cells: CellStates) -> Merged:
        """Add up the counts."""
        return _sure(pa.array(cells.count(self.state)).cast(cells.kind(self.state)))


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum, in the type of the state.

    Attributes:
        state: the sum.
        count: how many values were summed, where a sum may be null because it overflowed; else None.
    """

    state: int
    count: int | None = None

    def merge(self, cells: CellStates) -> Merged:
        """Add up the sums: integers and decimals exactly, or not at all."""
        kind = cells.kind(self.state)
        nulls = ~cells.known(self.state)
        if pa.types.is_decimal128(kind):
            values, beyond = from_integers(sum_integers(cells, self.state), nulls, kind)
        elif kind in (pa.int64(), pa.float64()):
            totals, beyond = cells.total(self.state)
            values = with_nulls(totals, nulls)
        else:
            return unknown(cells, kind)
        return Merged(values, beyond | self._overflowed(cells), none(cells))

    def _overflowed(self, cells: CellStates) -> Mask:
        if self.count is None:
            return none(cells)
        null = cells.column(self.state).is_null().to_numpy(zero_copy_only=False)
        return cells.any(null & (cells.longs(self.count) > 0))


@dataclass(frozen=True, slots=True)
class Average:
    """A mean.

    Attributes:
        total: the sum in its own type, which tells decimals from the rest.
        doubled: the sum of the values as doubles: that of integers overflows.
        count: the number of values.
        decimals: whether a sum of decimals that is null had no values: that of `try_avg` may have overflowed.
    """

    total: int
    doubled: int
    count: int
    decimals: bool = True

    def merge(self, cells: CellStates) -> Merged:
        """Divide the sum of the sums by the sum of the counts."""
        kind = cells.kind(self.total)
        counts = cells.count(self.count)
        if pa.types.is_decimal128(kind):
            return self._decimals(cells, kind, counts.tolist())
        if kind not in (pa.int64(), pa.float64()):
            return unknown(cells, kind)
        totals, beyond = cells.total(self.doubled)
        return Merged(with_nulls(totals / np.maximum(counts, 1), counts == 0), beyond, none(cells))

    def _decimals(self, cells: CellStates, kind: pa.Decimal128Type, counts: list[int]) -> Merged:
        result = average_type(kind)
        if result is None or not self.decimals:
            return unknown(cells, kind)
        totals = sum_integers(cells, self.total)
        quotient = quotients(totals, counts)
        values, misfits = from_integers(quotient, np.array(counts) == 0, result)
        beyond = np.array([abs(total) >= 10**kind.precision for total in totals], np.bool_)
        return Merged(values, misfits | beyond, none(cells))


@dataclass(frozen=True, slots=True)
class Extreme:
    """The least or the greatest value; also "all" and "any" of booleans.

    Attributes:
        state: the extreme of a cell.
        greatest: which of both. NaN is above all numbers.
    """

    state: int
    greatest: bool

    def merge(self, cells: CellStates) -> Merged:
        """Compare the extremes of the cells."""
        kind = cells.kind(self.state)
        if pa.types.is_floating(kind):
            return self._floats(cells, kind)
        if pa.types.is_boolean(kind):
            merged = self._integers(cells, cells.column(self.state).cast(pa.int8()))
            return _sure(merged.cast(kind))
        if pa.types.is_signed_integer(kind) or _is_time(kind):
            signed = pa.int64() if kind.bit_width == 64 else pa.int32()
            column = cells.column(self.state)
            stored = column if pa.types.is_signed_integer(kind) else column.view(signed)
            return _sure(self._integers(cells, stored).view(kind))
        if pa.types.is_decimal128(kind) or kind in (pa.string(), pa.binary(), pa.large_string()):
            return _sure(self._others(cells))
        return unknown(cells, kind)

    def _integers(self, cells: CellStates, column: pa.Array) -> pa.Array:
        bounds = np.iinfo(column.type.to_pandas_dtype())
        worst = bounds.min if self.greatest else bounds.max
        values = cells.reduce(self._ufunc, plain(column, worst), worst)
        return with_nulls(values, ~cells.known(self.state), column.type)

    def _floats(self, cells: CellStates, kind: pa.DataType) -> Merged:
        column = cells.column(self.state)
        if self.greatest:
            values = cells.reduce(np.maximum, plain(column, -np.inf))
        else:
            values = cells.reduce(np.fmin, plain(column, np.nan))
        cell = plain(column, np.nan)
        negative = np.signbit(cell)
        # Which of two zeros is kept depends on the order of the rows.
        unsure = (values == 0) & cells.any((cell == 0) & negative) & cells.any((cell == 0) & ~negative)
        known = cells.known(self.state)
        return Merged(with_nulls(values, ~known, kind), unsure & known, none(cells))

    def _others(self, cells: CellStates) -> pa.Array:
        name = "max" if self.greatest else "min"
        table = pa.table({"slot": pa.array(cells.slots), "value": cells.column(self.state)})
        table = table.group_by("slot", use_threads=False).aggregate([("value", name)]).combine_chunks()
        rows = np.full(cells.size, -1, np.int64)
        rows[table["slot"].to_numpy()] = np.arange(len(table))
        values = table[f"value_{name}"].combine_chunks()
        return values.take(with_nulls(rows, rows < 0))

    @property
    def _ufunc(self) -> np.ufunc:
        return np.maximum if self.greatest else np.minimum


@dataclass(frozen=True, slots=True)
class Bits:
    """A bitwise combination of integers.

    Attributes:
        state: the combination of a cell.
        operation: "and", "or" or "xor".
    """

    state: int
    operation: str

    def merge(self, cells: CellStates) -> Merged:
        """Combine the combinations."""
        column = cells.column(self.state)
        if not pa.types.is_signed_integer(column.type):
            return unknown(cells, column.type)
        neutral = -1 if self.operation == "and" else 0
        ufunc: Any = getattr(np, f"bitwise_{self.operation}")
        values = cells.reduce(ufunc, plain(column, neutral))
        return _sure(with_nulls(values, ~cells.known(self.state), column.type))


def none(cells: CellStates) -> Mask:
    """No slot at all."""
    return np.zeros(cells.size, np.bool_)


def unknown(cells: CellStates, kind: pa.DataType) -> Merged:
    """No answer for any slot: nobody has looked at states of this type."""
    return Merged(pa.nulls(cells.size, kind), ~none(cells), none(cells))


def _is_time(kind: pa.DataType) -> bool:
    return any(
        test(kind)
        for test in (pa.types.is_date, pa.types.is_timestamp, pa.types.is_time, pa.types.is_duration)
    )


def _sure(values: pa.Array) -> Merged:
    nowhere = np.zeros(len(values), np.bool_)
    return Merged(values, nowhere, nowhere)
