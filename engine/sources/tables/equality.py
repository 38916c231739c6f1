"""Rows of an Iceberg table that are deleted by the values that they hold. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import types

from engine.sources.tables.state import EqualityDelete, TableField

# Values of other types are equal in more than one way, or have no place among Python's values.
_EXACT: Final[tuple[Callable[[pa.DataType], bool], ...]] = (
    types.is_integer, types.is_string, types.is_binary, types.is_boolean, types.is_date32, types.is_decimal,
)  # fmt: skip


def is_exact(field: TableField) -> bool:
    """Whether it is sure which values of a column are equal."""
    kind = field.type
    if field.unreadable:
        return False
    return any(is_kind(kind) for is_kind in _EXACT) or (types.is_timestamp(kind) and kind.unit == "us")


def read_delete(fields: Sequence[TableField], columns: Sequence[pa.ChunkedArray]) -> EqualityDelete:
    """What deletes the rows whose columns hold these values.

    Args:
        fields: the columns.
        columns: their values, those of a row at the same place in each.

    Raises:
        pa.ArrowInvalid: a value is none of its column's type.
    """
    exact = [column.cast(field.type).to_pylist() for field, column in zip(fields, columns, strict=True)]
    kinds = {field.name: field.type for field in fields}
    return EqualityDelete(kinds, frozenset(zip(*exact, strict=True)))


def kept(columns: Mapping[str, pa.Array], count: int, deletes: Sequence[EqualityDelete]) -> NDArray[np.bool_]:
    """Which rows of a batch are left.

    Args:
        columns: of the batch, by the table's names; one that is lacking is null in all rows.
        count: how many rows it has.
        deletes: which count for them.

    Raises:
        pa.ArrowInvalid: a value is none of its column's type.
    """
    keep = np.ones(count, dtype=bool)
    for delete in deletes:
        values = [
            columns[name].cast(kind).to_pylist() if name in columns else [None] * count
            for name, kind in delete.kinds.items()
        ]
        keep &= np.fromiter((row not in delete.rows for row in zip(*values, strict=True)), bool, count)
    return keep
