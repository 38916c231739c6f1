"""The states of all cells, and their reduction to slots. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats: TypeAlias = npt.NDArray[np.float64]
Longs: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]

# Sums of integers beyond this may have left the range of BIGINT: a double tells the size to 16 digits.
_LARGEST_SUM: Final = 2.0**63 * (1 - 2.0**-40)


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """One aggregate of every slot.

    Attributes:
        values: of the type that the aggregate has; anything where `unsure` or `coarse`.
        unsure: slots that nothing here can answer.
        coarse: slots that the precise form may answer.
    """

    values: pa.Array
    unsure: Mask
    coarse: Mask


class CellStates:
    """The states of cells, with the cells of one slot side by side.

    Args:
        columns: one for each state.
        codes: the slot of each cell; -1 for none.
        size: the number of slots.
    """

    def __init__(self, columns: Sequence[pa.Array], codes: npt.NDArray[np.integer[Any]], size: int) -> None:
        self.size = size
        self._columns = columns
        order = np.argsort(codes, kind="stable")
        self._order = order[np.searchsorted(codes[order], 0) :]
        slots = codes[self._order]
        self._starts = np.flatnonzero(np.diff(slots, prepend=-1))
        self._present = slots[self._starts]
        self.slots: Longs = slots.astype(np.int64)
        self._sums: dict[int, tuple[Any, Mask]] = {}

    def column(self, state: int) -> pa.Array:
        """The values of a state, cell by cell; the cells of a slot side by side, in their old order."""
        return self._columns[state].take(pa.array(self._order))

    def doubles(self, state: int, null: float = 0.0) -> Floats:
        """A state of floats or integers as doubles, in the order of `slots`."""
        column = self._columns[state]
        if not pa.types.is_floating(column.type):
            column = column.cast(pa.float64(), safe=False)
        return plain(column, null)[self._order].astype(np.float64, copy=False)

    def longs(self, state: int) -> Longs:
        """A state of integers, null as 0, in the order of `slots`."""
        return plain(self._columns[state], 0)[self._order].astype(np.int64, copy=False)

    def kind(self, state: int) -> pa.DataType:
        """The type of a state."""
        return self._columns[state].type

    def reduce(self, ufunc: np.ufunc, values: npt.NDArray[Any], empty: Any = 0) -> npt.NDArray[Any]:
        """Reduce values, given in the order of `slots`, to one for each slot; `empty` where there is none."""
        result = np.full(self.size, empty, values.dtype)
        if len(values):
            result[self._present] = ufunc.reduceat(values, self._starts)
        return result

    def any(self, cells: Mask) -> Mask:
        """The slots in which something is true of a cell."""
        return self.reduce(np.logical_or, cells, False)

    def count(self, state: int) -> Longs:
        """The sums of a state that counts."""
        return self.reduce(np.add, self.longs(state))

    def known(self, state: int) -> Mask:
        """The slots in which a state is not null in some cell."""
        column = self._columns[state]
        if not column.null_count:
            return self.reduce(np.logical_or, np.ones(len(self._order), np.bool_), False)
        return self.any(column.is_valid().to_numpy(zero_copy_only=False)[self._order])

    def total(self, state: int) -> tuple[npt.NDArray[Any], Mask]:
        """The sums of a state, and where they left the range of their type: BIGINTs, otherwise doubles."""
        if state not in self._sums:
            self._sums[state] = self._total(state)
        return self._sums[state]

    def _total(self, state: int) -> tuple[npt.NDArray[Any], Mask]:
        size = self.doubles(state)
        rough: Floats = self.reduce(np.add, size)
        if pa.types.is_integer(self.kind(state)):
            return self.count(state), np.abs(rough) >= _LARGEST_SUM
        # Infinities of both signs: one may stand for large numbers that together left the range, in an order
        # that the rows need not have.
        mixed = np.isnan(rough) & ~self.any(np.isnan(size))
        return rough, mixed | (np.isinf(rough) & ~self.any(np.isinf(size)))


def plain(array: pa.Array, null: Any) -> npt.NDArray[Any]:
    """A primitive array with a value for its nulls."""
    if array.null_count:
        array = pc.fill_null(array, pa.scalar(null, array.type))
    return np.asarray(array.to_numpy(zero_copy_only=False))


def with_nulls(values: npt.NDArray[Any], nulls: Mask, kind: pa.DataType | None = None) -> pa.Array:
    """An array with nulls at some places; NaN stays NaN."""
    return pa.array(values, kind, mask=nulls, from_pandas=False)
