"""What a table is at one of its versions, whatever its format. Values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

# How columns are found in files: by their names, or by the numbers that files and table give them.
Matching = Literal["name", "id"]


@dataclass(frozen=True, slots=True)
class TableField:
    """A column of a table, or a field of a struct in one.

    Attributes:
        name: what readers call it.
        stored: its name in files.
        number: what files number it with, where they are matched by that.
        type: as the table declares it, its fields under their readers' names; null if no backend reads it.
        children: of a struct its fields; of a list its element; of a map its key and its value.
        unreadable: why it is left out; "": it is read.
    """

    name: str
    stored: str
    number: int | None
    type: pa.DataType
    children: tuple[TableField, ...] = ()
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class DeletionVector:
    """Where the rows of a file that do not count are told.

    Attributes:
        path: of a file below the table's folder; None: `inline` holds it.
        offset: in that file.
        size: how many bytes it has.
        inline: the bytes.
        count: how many rows it deletes.
        identity: what tells it from another one of the same file.
    """

    path: str | None
    offset: int
    size: int
    inline: bytes
    count: int
    identity: str


@dataclass(frozen=True, slots=True)
class EqualityDelete:
    """Rows that do not count because of the values that they hold; nulls are equal.

    Attributes:
        kinds: the types of the columns that are compared, by name.
        rows: the values of these columns.
    """

    kinds: Mapping[str, pa.DataType]
    rows: frozenset[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class TableFile:
    """A data file of a table.

    Attributes:
        path: below the table's folder, with slashes.
        values: of the partition columns, as texts of the table's format, by their stored names.
        size: its bytes, as the table says.
        statistics: of its columns, in the table's own form; None if it tells none.
        deletion: which of its rows do not count.
        places: the places of rows that do not count, in order.
        equal: which of its rows do not count because of their values.
        inside: the numbers of columns that partitions are cut by, which its rows hold all the same.
    """

    path: str
    values: Mapping[str, str | None]
    size: int
    statistics: Mapping[str, Any] | str | None = None
    deletion: DeletionVector | None = None
    places: NDArray[np.int64] | None = None
    equal: tuple[EqualityDelete, ...] = ()
    inside: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class TableState:
    """A table at one version.

    Attributes:
        version: its number, or the id of its snapshot; None: nothing was ever written to it.
        written: when that version was.
        fields: its columns, in their order, those of partitions among them.
        partitions: the names of the columns that its files are cut by.
        matching: how columns are found in files.
        files: those that count.
    """

    version: int | None
    written: datetime | None
    fields: tuple[TableField, ...]
    partitions: tuple[str, ...]
    matching: Matching
    files: tuple[TableFile, ...]
