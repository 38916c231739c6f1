"""What DuckDB's types are called in Snowflake. Pure.

Whole numbers of every width are NUMBER(38, 0), as they are there; text holds nested values as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from sandbox.contract.messages import ColumnType

_DECIMAL: Final = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_WHOLE: Final = 38
_MICROSECONDS: Final = 6
_NANOSECONDS: Final = 9

_PLAIN: Final = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT",
                "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
            ),
            ("FIXED", _WHOLE, 0),
        ),
        "FLOAT": ("REAL", 0, 0),
        "DOUBLE": ("REAL", 0, 0),
        "BOOLEAN": ("BOOLEAN", 0, 0),
        "VARCHAR": ("TEXT", 0, 0),
        "UUID": ("TEXT", 0, 0),
        "BLOB": ("BINARY", 0, 0),
        "DATE": ("DATE", 0, 0),
        "TIME": ("TIME", 0, _MICROSECONDS),
        "TIMESTAMP": ("TIMESTAMP_NTZ", 0, _MICROSECONDS),
        "TIMESTAMP_S": ("TIMESTAMP_NTZ", 0, 0),
        "TIMESTAMP_MS": ("TIMESTAMP_NTZ", 0, 3),
        "TIMESTAMP_NS": ("TIMESTAMP_NTZ", 0, _NANOSECONDS),
        "TIMESTAMP WITH TIME ZONE": ("TIMESTAMP_LTZ", 0, _MICROSECONDS),
        "JSON": ("VARIANT", 0, 0),
    }
)  # fmt: skip


def columns_of(described: Iterable[tuple[str, str]]) -> tuple[ColumnType, ...]:
    """Columns by the names of their DuckDB types."""
    return tuple(_column(name, kind) for name, kind in described)


def _column(name: str, kind: str) -> ColumnType:
    decimal = _DECIMAL.fullmatch(kind)
    if decimal is not None:
        return ColumnType(name, "FIXED", int(decimal[1]), int(decimal[2]))
    if kind in _PLAIN:
        return ColumnType(name, *_PLAIN[kind])
    if kind.endswith("]"):
        return ColumnType(name, "ARRAY")
    if kind.startswith(("STRUCT", "MAP", "UNION")):
        return ColumnType(name, "OBJECT")
    return ColumnType(name, "TEXT" if kind.startswith("ENUM") else "VARIANT")
