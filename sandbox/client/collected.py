"""Rows as a list that also carries their columns as numpy arrays: `df.collect()` as ever, and `.columns`.

The attributes and items of `.columns` are arrays (`rows.columns.age`, `rows.columns["age"]`). Numbers come as
numbers with null as NaN; a column of integers that holds a null therefore comes as floats.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


class Columns:
    """Columns of collected rows, by name, as attributes or items. Duplicate names need the rows."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __getattr__(self, name: str) -> npt.NDArray[Any]:
        # Snowflake's names are in capitals where they are not quoted.
        for spelled in () if name.startswith("_") else (name, name.upper()):
            if spelled in self._table.column_names:
                return self[spelled]
        known = ", ".join(self._table.column_names)
        raise AttributeError(f"there is no column {name!r}; there are: {known}")

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        if name not in self._table.column_names:
            known = ", ".join(self._table.column_names)
            raise KeyError(f"there is no column {name!r}; there are: {known}")
        return to_numpy(self._table.column(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.column_names)

    def __len__(self) -> int:
        return int(self._table.num_columns)

    def __contains__(self, name: object) -> bool:
        return name in self._table.column_names

    def __repr__(self) -> str:
        return f"Columns({', '.join(self._table.column_names)})"


class CollectedRows(list[Any]):
    """The rows of a DataFrame as a list, with `.columns`.

    The rows are made when the list is first looked at: a metric that only reads `.columns` never pays
    for a Python object per row. Every method of `list` looks, so the delay cannot be noticed.
    """

    def __init__(self, table: pa.Table, convert: Callable[[pa.Table], list[Any]]) -> None:
        super().__init__()
        self.columns = Columns(table)
        self._pending: Callable[[], list[Any]] | None = lambda: convert(table)

    def __radd__(self, other: list[Any]) -> list[Any]:
        """Without this, `[] + rows` would read the list's storage without looking."""
        return [*other, *self]

    def _look(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            list.extend(self, pending())


def _looking(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapper(self: CollectedRows, *args: Any, **kwargs: Any) -> Any:
        self._look()
        return method(self, *args, **kwargs)

    return wrapper


# What a list shares with every object, and the constructor, need no rows.
_NOT_LOOKING = frozenset(dir(object)) - {
    "__eq__",
    "__ne__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__repr__",
}
for _name in frozenset(dir(list)) - _NOT_LOOKING - {"__class_getitem__"}:
    setattr(CollectedRows, _name, _looking(getattr(list, _name)))


def to_numpy(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """A column as a numpy array: numbers and Booleans by value, null as NaN; else objects, null as None."""
    kind = column.type
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    array: npt.NDArray[Any] = column.to_numpy()
    if pa.types.is_boolean(kind) and column.null_count:
        return np.array([np.nan if value is None else float(value) for value in array])
    return array
