"""What a Delta table's metadata says of its columns, and whether all that it needs is understood. Pure.

A feature that is not in the tables below is refused by its name: a reader that ignores one gives wrong rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from engine.errors import DataError
from engine.sources.tables.problems import TABLE_FEATURE, TABLE_LOG
from engine.sources.tables.state import Matching, TableField

# Features of readers, and why their tables are read right.
FEATURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "columnMapping": "columns are found by their names or numbers in files",
        "deletionVectors": "rows that they name are left out",
        "timestampNtz": "a type that every backend has",
        "typeWidening": "narrower files are converted",
        "typeWidening-preview": "the same",
        "v2Checkpoint": "its parts are read",
        "vacuumProtocolCheck": "asks something of VACUUM alone",
        "variantType": "such columns are left out",
        "variantType-preview": "the same",
        "variantShredding-preview": "the same",
    }
)
_NEWEST_READER: Final = 3
_MAPPED_READER: Final = 2
_MODE: Final = "delta.columnMapping.mode"
_PLAIN: Final[Mapping[str, pa.DataType]] = MappingProxyType(
    {
        "boolean": pa.bool_(),
        "byte": pa.int8(),
        "short": pa.int16(),
        "integer": pa.int32(),
        "long": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
        "string": pa.string(),
        "binary": pa.binary(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", "UTC"),
        "timestamp_ntz": pa.timestamp("us"),
        "void": pa.null(),
    }
)
_DECIMAL: Final = re.compile(r"decimal\(\s*([0-9]{1,2})\s*,\s*([0-9]{1,2})\s*\)", re.ASCII)
_TEXT: Final = re.compile(r"(?:var)?char\([0-9]+\)", re.ASCII)
_MOST_DEEP: Final = 50


def check_protocol(protocol: Mapping[str, Any], label: str) -> frozenset[str]:
    """The features of readers that a table has switched on.

    Raises:
        DataError: it has one that is not read.
    """
    version = protocol.get("minReaderVersion")
    if type(version) is not int or version < 1:
        raise DataError(f"{label}: its log does not name the protocol version for readers", code=TABLE_LOG)
    if version > _NEWEST_READER:
        raise DataError(
            f"{label}: it needs readers of version {version} of the protocol, and calcmetric reads versions "
            f"up to {_NEWEST_READER}; update calcmetric, or write a copy of the table for older readers",
            code=TABLE_FEATURE,
        )
    named = protocol.get("readerFeatures") or []
    if version == _MAPPED_READER:
        return frozenset({"columnMapping"})
    if version < _MAPPED_READER:
        return frozenset()
    unknown = sorted(str(name) for name in named if name not in FEATURES)
    if unknown:
        raise DataError(
            f"{label}: it uses {_listed(unknown)}, which cannot be read; drop the feature "
            "(ALTER TABLE ... DROP FEATURE ...), or write a copy of the table without it",
            code=TABLE_FEATURE,
        )
    return frozenset(named)


def find_matching(
    configuration: Mapping[str, str], features: frozenset[str], label: str
) -> tuple[bool, Matching]:
    """Whether columns have other names in files than in the table, and how they are found there.

    Raises:
        DataError: the table asks for what is not known.
    """
    mode = configuration.get(_MODE, "none")
    if mode == "none":
        return False, "name"
    if mode not in ("name", "id") or "columnMapping" not in features:
        raise DataError(
            f"{label}: its column mapping {mode!r} is not known, or not a feature of the table",
            code=TABLE_FEATURE,
        )
    return True, "id" if mode == "id" else "name"


def read_schema(text: str, label: str, *, mapped: bool) -> tuple[TableField, ...]:
    """The columns in a table's own JSON.

    Args:
        text: the JSON.
        label: what errors call the table.
        mapped: whether files call columns otherwise.

    Raises:
        DataError: it is no such JSON, or names a type that is not known.
    """
    try:
        made = _struct(json.loads(text), label, mapped, 0)
    except DataError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise DataError(f"{label}: the schema in its log is malformed", code=TABLE_LOG) from None
    return made


def _struct(found: Any, label: str, mapped: bool, depth: int) -> tuple[TableField, ...]:
    if found["type"] != "struct" or depth > _MOST_DEEP:
        raise ValueError
    return tuple(_field(one, label, mapped, depth) for one in found["fields"])


def _field(found: Any, label: str, mapped: bool, depth: int) -> TableField:
    name, metadata = found["name"], found.get("metadata") or {}
    stored, number = name, None
    if mapped:
        stored, number = metadata["delta.columnMapping.physicalName"], metadata["delta.columnMapping.id"]
        if not isinstance(stored, str) or type(number) is not int:
            raise ValueError
    if not isinstance(name, str):
        raise TypeError
    return _typed(found["type"], name, stored, number, label, mapped, depth + 1)


def _typed(
    found: Any, name: str, stored: str, number: int | None, label: str, mapped: bool, depth: int
) -> TableField:
    if depth > _MOST_DEEP:
        raise ValueError
    if isinstance(found, str):
        if found == "variant":
            return TableField(
                name, stored, number, pa.null(), unreadable="no backend reads variants from files"
            )
        kind = _plain(found)
        if kind is None:
            raise DataError(
                f"{label}: its column {name!r} is of type {found!r}, which is not known", code=TABLE_FEATURE
            )
        return TableField(name, stored, number, kind)
    if found["type"] == "struct":
        children = _struct(found, label, mapped, depth)
        kind = pa.struct([pa.field(one.name, one.type) for one in children])
    elif found["type"] == "array":
        children = (_typed(found["elementType"], "element", "element", None, label, mapped, depth + 1),)
        kind = pa.list_(pa.field("element", children[0].type))
    elif found["type"] == "map":
        children = (
            _typed(found["keyType"], "key", "key", None, label, mapped, depth + 1),
            _typed(found["valueType"], "value", "value", None, label, mapped, depth + 1),
        )
        kind = pa.map_(children[0].type, children[1].type)
    else:
        raise ValueError
    unreadable = next((one.unreadable for one in children if one.unreadable), "")
    return TableField(name, stored, number, kind, children, unreadable)


def _plain(found: str) -> pa.DataType | None:
    if _TEXT.fullmatch(found):
        return pa.string()
    if decimal := _DECIMAL.fullmatch(found):
        precision, scale = int(decimal[1]), int(decimal[2])
        return pa.decimal128(precision, scale) if 0 < precision <= 38 and scale <= precision else None
    return pa.decimal128(10, 0) if found == "decimal" else _PLAIN.get(found)


def _listed(names: list[str]) -> str:
    told = ", ".join(map(repr, names))
    return f"the feature {told}" if len(names) == 1 else f"the features {told}"
