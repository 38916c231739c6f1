"""Which types of files are read, as what, and by whom: a part of the policy of reading. Pure.

A type of a file is decided upon once, for every backend that the engine starts: it is read as one of the few
types that all of them have, exactly, or its column is left out and the reason is kept. Files whose own types
a backend reads just so are read where they are; the others are converted (`engine.sources.convert`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import pyarrow as pa
from pyarrow import types

from engine.models.backends import Reader

# A null type is read as the type of another file; where all files have it, as this one.
NULLS: Final = pa.int32()
_MOST_DIGITS: Final = 38
_UNSIGNED: Final[Mapping[pa.DataType, pa.DataType]] = MappingProxyType(
    {
        pa.uint8(): pa.int16(),
        pa.uint16(): pa.int32(),
        pa.uint32(): pa.int64(),
        pa.uint64(): pa.decimal128(20, 0),
    }
)
_PLAIN: Final = frozenset(
    {
        pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.float32(), pa.float64(),
        pa.string(), pa.binary(), pa.date32(),
    }
)  # fmt: skip
# What may become a wider type where files differ: within one line, to the right. Nothing else may.
_WIDER: Final = (
    (pa.int8(), pa.int16(), pa.int32(), pa.int64()),
    (pa.float32(), pa.float64()),
)
_SPARK_NAMES: Final[Mapping[pa.DataType, str]] = MappingProxyType(
    {
        pa.bool_(): "boolean",
        pa.int8(): "byte",
        pa.int16(): "short",
        pa.int32(): "integer",
        pa.int64(): "long",
        pa.float32(): "float",
        pa.float64(): "double",
        pa.string(): "string",
        pa.binary(): "binary",
        pa.date32(): "date",
        pa.time64("us"): "time(6)",
        pa.timestamp("us"): "timestamp_ntz",
        pa.timestamp("us", "UTC"): "timestamp",
    }
)


# Encodings and compressions that each reads; files with others are read, and written, by the engine.
_PAGES: Final = frozenset({"PLAIN", "RLE", "BIT_PACKED", "PLAIN_DICTIONARY", "RLE_DICTIONARY"}) | {
    f"DELTA_{name}" for name in ("BINARY_PACKED", "LENGTH_BYTE_ARRAY", "BYTE_ARRAY")
}
_COMPRESSIONS: Final = frozenset({"UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD", "LZ4"})
_CODECS: Final[Mapping[Reader, frozenset[str]]] = MappingProxyType(
    {
        "spark": _PAGES | _COMPRESSIONS,
        "duckdb": _PAGES | _COMPRESSIONS | {"BYTE_STREAM_SPLIT", "BROTLI"},
    }
)


def decodes(reader: Reader, codecs: frozenset[str]) -> bool:
    """Whether a backend reads pages that are written so."""
    return codecs <= _CODECS[reader]


@dataclass(frozen=True, slots=True)
class Readable:
    """A type that is read.

    Attributes:
        type: as what; null where nothing but nulls is known of it.
        in_place: whether the backend reads the type of a Parquet file so by itself.
    """

    type: pa.DataType
    in_place: bool = True


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A type that no number can be made of, and why."""

    reason: str


Decision: TypeAlias = Readable | Unreadable


def decide(kind: pa.DataType, reader: Reader) -> Decision:
    """Decide as what a type is read.

    Args:
        kind: of a column of a file or table. INT96 is a timestamp in microseconds here.
        reader: the backend that will read it.
    """
    if kind in _PLAIN:
        return Readable(kind)
    if kind in _UNSIGNED:
        return Readable(_UNSIGNED[kind])
    if isinstance(kind, pa.BaseExtensionType):
        return _decide_extension(kind, reader)
    if types.is_dictionary(kind):  # Parquet has the values themselves
        return decide(kind.value_type, reader)
    if types.is_run_end_encoded(kind):
        return _converted(decide(kind.value_type, reader))
    if types.is_nested(kind):
        return _decide_nested(kind, reader)
    return _decide_plain(kind, reader)


def _decide_plain(kind: pa.DataType, reader: Reader) -> Decision:
    if types.is_null(kind):
        return Readable(kind)
    if types.is_float16(kind):
        return Readable(pa.float32(), in_place=reader == "duckdb")
    if types.is_decimal(kind):
        return _decide_decimal(kind)
    if types.is_large_string(kind) or types.is_string_view(kind):
        return Readable(pa.string())
    if types.is_fixed_size_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind):
        return Readable(pa.binary())
    if types.is_date(kind):
        return Readable(pa.date32())
    if types.is_timestamp(kind):
        zone = None if kind.tz is None else "UTC"
        return Readable(pa.timestamp("us", zone), in_place=kind.unit != "ns")
    if types.is_time(kind):
        if reader == "spark":
            return Unreadable("Spark has no type for a time of day; write it as text, or as a whole number")
        return Readable(pa.time64("us"), in_place=kind.unit != "ns")
    if types.is_duration(kind):
        return Unreadable("no backend has a type for a length of time; write it as a number of seconds")
    if types.is_interval(kind):
        return Unreadable("no backend has a type for months, days and nanoseconds; write them as numbers")
    return Unreadable("no backend has such a type")


def _decide_decimal(kind: Any) -> Decision:
    if kind.precision > _MOST_DIGITS:
        return Unreadable(f"no backend has decimals of more than {_MOST_DIGITS} digits")
    if not 0 <= kind.scale <= kind.precision:
        return Unreadable("no backend has decimals of such a scale")
    return Readable(pa.decimal128(kind.precision, kind.scale))


def _decide_extension(kind: Any, reader: Reader) -> Decision:
    name = str(kind.extension_name)
    if name == "arrow.uuid":
        return Readable(pa.string(), in_place=False)  # 36 characters, as everybody writes them
    if "variant" in name or name == "arrow.opaque" or name.startswith("geoarrow"):
        return Unreadable("no backend reads it from files")
    return decide(kind.storage_type, reader)


def _decide_nested(kind: Any, reader: Reader) -> Decision:
    if types.is_struct(kind):
        return _decide_struct(kind, reader)
    if types.is_map(kind):
        key, item = decide(kind.key_type, reader), decide(kind.item_type, reader)
        if isinstance(key, Unreadable) or isinstance(item, Unreadable):
            return key if isinstance(key, Unreadable) else item
        return Readable(pa.map_(key.type, item.type), key.in_place and item.in_place)
    if types.is_union(kind):
        return Unreadable("no backend has a type for values of several types")
    value = decide(kind.value_type, reader)
    if isinstance(value, Unreadable):
        return value
    return Readable(_list_of(value.type), value.in_place)


def _decide_struct(kind: Any, reader: Reader) -> Decision:
    fields, in_place = list[pa.Field](), True
    names = [field.name.lower() for field in kind]
    if not names:
        return Unreadable("it is a struct without fields")
    if len(set(names)) < len(names):
        return Unreadable("it has fields whose names differ only by case")
    for field in kind:
        decision = decide(field.type, reader)
        if isinstance(decision, Unreadable):
            return decision
        fields.append(pa.field(field.name, decision.type))
        in_place = in_place and decision.in_place
    return Readable(pa.struct(fields), in_place)


def _converted(decision: Decision) -> Decision:
    return decision if isinstance(decision, Unreadable) else Readable(decision.type, in_place=False)


def unify(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """The type that holds the values of two files exactly; None if there is none, or it would be a guess."""
    if one == other or types.is_null(other):
        return one
    if types.is_null(one):
        return other
    for line in _WIDER:
        if one in line and other in line:
            return max(one, other, key=line.index)
    if types.is_decimal(one) and types.is_decimal(other):
        scale = max(one.scale, other.scale)
        digits = max(one.precision - one.scale, other.precision - other.scale) + scale
        return pa.decimal128(digits, scale) if digits <= _MOST_DIGITS else None
    if types.is_struct(one) and types.is_struct(other):
        return _unify_structs(one, other)
    if types.is_map(one) and types.is_map(other):
        key, item = unify(one.key_type, other.key_type), unify(one.item_type, other.item_type)
        return None if key is None or item is None else pa.map_(key, item)
    if types.is_list(one) and types.is_list(other):
        value = unify(one.value_type, other.value_type)
        return None if value is None else _list_of(value)
    return None


def _unify_structs(one: Any, other: Any) -> pa.DataType | None:
    """The fields of both by name, as columns are."""
    known = {field.name.lower(): field for field in one}
    for field in other:
        place = field.name.lower()
        kind = unify(known[place].type, field.type) if place in known else field.type
        if kind is None:
            return None
        known[place] = pa.field(known.get(place, field).name, kind)
    return pa.struct(list(known.values()))


def settle(kind: pa.DataType) -> pa.DataType:
    """A type without nulls of no type, which is what every file was found to have there."""
    if types.is_null(kind):
        return NULLS
    if types.is_struct(kind):
        return pa.struct([pa.field(field.name, settle(field.type)) for field in kind])
    if types.is_map(kind):
        return pa.map_(settle(kind.key_type), settle(kind.item_type))
    if types.is_list(kind):
        return _list_of(settle(kind.value_type))
    return kind


def spark_type(kind: pa.DataType) -> Any:
    """A type that files are read as, in Spark's JSON."""
    if kind in _SPARK_NAMES:
        return _SPARK_NAMES[kind]
    if types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if types.is_struct(kind):
        return spark_struct([(field.name, field.type) for field in kind])
    if types.is_map(kind):
        key, value = spark_type(kind.key_type), spark_type(kind.item_type)
        return {"type": "map", "keyType": key, "valueType": value, "valueContainsNull": True}
    return {"type": "array", "elementType": spark_type(kind.value_type), "containsNull": True}


def spark_struct(columns: list[tuple[str, pa.DataType]]) -> dict[str, Any]:
    """Columns in Spark's JSON."""
    fields = [
        {"name": name, "type": spark_type(kind), "nullable": True, "metadata": {}} for name, kind in columns
    ]
    return {"type": "struct", "fields": fields}


def _list_of(kind: pa.DataType) -> pa.DataType:
    return pa.list_(pa.field("element", kind))
