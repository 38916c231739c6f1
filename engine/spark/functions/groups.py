"""Rows cut into groups by keys, as Spark groups them, for functions that aggregate."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.errors import PlanRefused
from engine.spark.functions.keys import has_negative_zero, numbered
from engine.spark.functions.local import gathered, streams

_ONE_FRAME: Final = (1).to_bytes(4, "big")
_NO_MORE: Final = bytes(4)


@dataclass(frozen=True, slots=True)
class Groups:
    """Which rows belong together.

    Attributes:
        rows: places of all rows, group by group, in their order.
        ends: where groups begin and end in that; one more than there are groups.
    """

    rows: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ends) - 1

    @property
    def firsts(self) -> npt.NDArray[np.int64]:
        """The place of the first row of each group."""
        return self.rows[self.ends[:-1]]

    def reversed(self) -> Groups:
        """The same groups with their rows in the opposite order."""
        parts = [self.rows[start:end][::-1] for start, end in itertools.pairwise(self.ends)]
        return Groups(np.concatenate(parts), self.ends)

    def some(self, most: int) -> Groups:
        """The same, or groups with about so many rows: small ones, and rows from all of the largest."""
        if len(self.rows) <= most:
            return self
        sizes = np.diff(self.ends)
        *others, largest = np.argsort(sizes, kind="stable").tolist()
        small = others[: int(np.searchsorted(np.cumsum(sizes[others]), most // 2, side="right"))]
        parts = [self.rows[self.ends[one] : self.ends[one + 1]] for one in (*small, largest)]
        parts[-1] = spread(parts[-1], most // 2)
        return Groups(np.concatenate(parts), np.cumsum([0, *map(len, parts)]))


def spread(rows: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int64]:
    """Rows, or so many from all of them if there are more."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def groups_of(keys: Sequence[pa.ChunkedArray], rows: int) -> Groups:
    """Cut rows into groups, in the order in which they first appear; without keys all rows are one.

    Args:
        keys: columns of as many rows.
        rows: how many there are.

    Raises:
        PlanRefused: a key is one of which it is not certain which values Spark takes as equal.
    """
    for key in keys:
        _check_key(key)
    _, firsts, numbers = np.unique(numbered(keys, rows), return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(firsts))  # numbered as they first appear
    numbers = order[numbers]
    counts = np.bincount(numbers, minlength=len(firsts)) if rows else np.zeros(0, dtype=np.int64)
    return Groups(
        np.argsort(numbers, kind="stable").astype(np.int64), np.concatenate([[0], np.cumsum(counts)])
    )


def group_streams(arguments: pa.Table, groups: Groups, *, batch_rows: int) -> Iterator[bytes]:
    """The pieces in which a worker of Spark gets groups: for each a one and a stream, and a zero behind them.

    Args:
        arguments: the columns that functions are called with.
        groups: which of their rows belong together.
        batch_rows: how many rows a batch has at most.
    """
    return gathered(_group_parts(arguments.take(pa.array(groups.rows)), groups, batch_rows))


def _group_parts(ordered: pa.Table, groups: Groups, batch_rows: int) -> Iterator[bytes]:
    for start, end in itertools.pairwise(groups.ends.tolist()):
        yield _ONE_FRAME
        yield from streams(ordered.slice(start, end - start), first=batch_rows, batch_rows=batch_rows)
    yield _NO_MORE


def _check_key(key: pa.ChunkedArray) -> None:
    if pa.types.is_nested(key.type):
        raise PlanRefused(
            "udf-refused",
            "a function that aggregates is refused in groups by arrays, maps or structs",
            "group by their parts",
        )
    if has_negative_zero(key):
        raise PlanRefused(
            "udf-refused",
            "a function that aggregates is refused in groups by a negative zero",
            "add 0.0 to the column that is grouped by",
        )
