"""The types of Spark that native answers know, and what they are called elsewhere. Pure.

A type that is not known here may still stand in the schema of a source (`Other`): its column may be passed
over, or be told in a schema, but nothing is computed of it, and no row of it is fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import pyarrow as pa
import pyspark.sql.connect.proto as pb
from pyspark.sql.connect.types import proto_schema_to_pyspark_data_type
from pyspark.sql.pandas.types import to_arrow_type

Kind: TypeAlias = Literal[
    "null", "boolean", "byte", "short", "integer", "long", "float", "double",
    "string", "binary", "date", "timestamp", "timestamp_ntz",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Simple:
    """A type without parameters; the kind is its field in `pb.DataType`."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Decimal:
    """A decimal of so many digits, so many of them behind the point."""

    precision: int
    scale: int


@dataclass(frozen=True, slots=True)
class Other:
    """A type that nothing is computed of: its message, serialised."""

    message: bytes


@dataclass(frozen=True, slots=True)
class Struct:
    """A struct of which fields may be taken; nothing else is done with it.

    Attributes:
        fields: names and types.
        message: its message, serialised.
    """

    fields: tuple[tuple[str, SparkType], ...]
    message: bytes


@dataclass(frozen=True, slots=True)
class Nested:
    """An array or a map, which is passed on as it is: its message, serialised."""

    message: bytes


SparkType: TypeAlias = "Simple | Decimal | Other | Struct | Nested"

NULL: Final = Simple("null")
BOOLEAN: Final = Simple("boolean")
BYTE: Final = Simple("byte")
SHORT: Final = Simple("short")
INTEGER: Final = Simple("integer")
LONG: Final = Simple("long")
FLOAT: Final = Simple("float")
DOUBLE: Final = Simple("double")
STRING: Final = Simple("string")
BINARY: Final = Simple("binary")
DATE: Final = Simple("date")
TIMESTAMP: Final = Simple("timestamp")
TIMESTAMP_NTZ: Final = Simple("timestamp_ntz")

INTEGRALS: Final = (BYTE, SHORT, INTEGER, LONG)
FLOATS: Final = (FLOAT, DOUBLE)
NUMBERS: Final = (*INTEGRALS, *FLOATS)
INSTANTS: Final = (TIMESTAMP, TIMESTAMP_NTZ)
# What may be compared as it is.
ORDERED: Final = (BOOLEAN, *NUMBERS, STRING, DATE, *INSTANTS)


def is_ordered(kind: SparkType) -> bool:
    """Whether values of a type are compared, grouped and sorted by as they are."""
    return kind in ORDERED or isinstance(kind, Decimal)


BITS: Final[Mapping[Simple, int]] = MappingProxyType({BYTE: 8, SHORT: 16, INTEGER: 32, LONG: 64})

# Instants of either kind are TIMESTAMP inside DuckDB: all is in UTC, and no time zone is ever looked up.
_DUCKDB: Final[Mapping[Simple, str]] = MappingProxyType(
    {
        NULL: "INTEGER",
        BOOLEAN: "BOOLEAN",
        BYTE: "TINYINT",
        SHORT: "SMALLINT",
        INTEGER: "INTEGER",
        LONG: "BIGINT",
        FLOAT: "FLOAT",
        DOUBLE: "DOUBLE",
        STRING: "VARCHAR",
        BINARY: "BLOB",
        DATE: "DATE",
        TIMESTAMP: "TIMESTAMP",
        TIMESTAMP_NTZ: "TIMESTAMP",
    }
)
_ARROW: Final[Mapping[Simple, pa.DataType]] = MappingProxyType(
    {
        BOOLEAN: pa.bool_(),
        BYTE: pa.int8(),
        SHORT: pa.int16(),
        INTEGER: pa.int32(),
        LONG: pa.int64(),
        FLOAT: pa.float32(),
        DOUBLE: pa.float64(),
        STRING: pa.string(),
        BINARY: pa.binary(),
        DATE: pa.date32(),
        TIMESTAMP: pa.timestamp("us", "UTC"),
        TIMESTAMP_NTZ: pa.timestamp("us"),
    }
)
_KINDS: Final[Mapping[str, Simple]] = MappingProxyType({kind.kind: kind for kind in _DUCKDB})


def from_proto(message: pb.DataType) -> SparkType:
    """The type that a message means; one with anything beside the type itself is `Other`."""
    kind = message.WhichOneof("kind")
    if kind == "decimal":
        known: SparkType = Decimal(message.decimal.precision, message.decimal.scale)
    elif (simple := _KINDS.get(str(kind))) is not None:
        known = simple
    elif kind == "struct":
        fields = tuple((str(one.name), from_proto(one.data_type)) for one in message.struct.fields)
        return Struct(fields, plain(message))
    elif kind in ("array", "map"):
        return Nested(plain(message))
    else:
        return Other(message.SerializeToString(deterministic=True))
    # A collation, a variation of a type: it is not the plain type, so it is not known.
    same = plain(to_proto(known)) == plain(message)
    return known if same else Other(message.SerializeToString(deterministic=True))


def plain(message: pb.DataType) -> bytes:
    """A type's message for comparing: UTF8_BINARY is how plain text is collated, said or not."""
    copy = pb.DataType()
    copy.CopyFrom(message)
    _clear_collations(copy)
    return bytes(copy.SerializeToString(deterministic=True))


def _clear_collations(message: pb.DataType) -> None:
    match message.WhichOneof("kind"):
        case "string" if message.string.collation == "UTF8_BINARY":
            message.string.collation = ""
        case "array":
            _clear_collations(message.array.element_type)
        case "map":
            _clear_collations(message.map.key_type)
            _clear_collations(message.map.value_type)
        case "struct":
            for field in message.struct.fields:
                _clear_collations(field.data_type)


def to_proto(kind: SparkType) -> pb.DataType:
    """The message of a type."""
    message = pb.DataType()
    match kind:
        case Decimal(precision, scale):
            message.decimal.precision, message.decimal.scale = precision, scale
        case Other(data) | Struct(_, data) | Nested(data):
            message.ParseFromString(data)
        case Simple(name):
            getattr(message, name).SetInParent()
    return message


def duckdb_name(kind: SparkType) -> str | None:
    """DuckDB's name of a type; None if nothing is computed of it."""
    match kind:
        case Decimal(precision, scale):
            return f"DECIMAL({precision},{scale})"
        case Simple():
            return _DUCKDB[kind]
        case Struct() | Nested():
            return _nested_name(to_proto(kind))
    return None


# Within nested values nothing is known of days and instants, which may be too far away.
_INNER: Final = frozenset(_DUCKDB) - {NULL, DATE, TIMESTAMP, TIMESTAMP_NTZ}


def _nested_name(message: pb.DataType) -> str | None:
    """DuckDB's name of a type that may be nested; None if it is not passed on."""
    match message.WhichOneof("kind"):
        case "array":
            element = _nested_name(message.array.element_type)
            return None if element is None or not message.array.contains_null else f"{element}[]"
        case "map":
            key, value = _nested_name(message.map.key_type), _nested_name(message.map.value_type)
            if key is None or value is None or not message.map.value_contains_null:
                return None
            return f"MAP({key}, {value})"
        case "struct":
            fields = [
                (str(one.name), _nested_name(one.data_type), one.nullable) for one in message.struct.fields
            ]
            if not fields or any(name is None or not nullable for _, name, nullable in fields):
                return None
            if any("\0" in label for label, _, _ in fields):
                return None
            quoted = ('"' + label.replace('"', '""') + f'" {name}' for label, name, _ in fields)
            return f"STRUCT({', '.join(quoted)})"
    kind = from_proto(message)
    plain_kind = isinstance(kind, Decimal) or kind in _INNER
    return duckdb_name(kind) if plain_kind else None


def holds_floats(kind: SparkType) -> bool:
    """Whether there are floating numbers within nested values of a type, whose zeros would be told apart."""
    return isinstance(kind, (Struct, Nested)) and _holds_floats(to_proto(kind))


def _holds_floats(message: pb.DataType) -> bool:
    match message.WhichOneof("kind"):
        case "float" | "double":
            return True
        case "array":
            return _holds_floats(message.array.element_type)
        case "map":
            return _holds_floats(message.map.key_type) or _holds_floats(message.map.value_type)
        case "struct":
            return any(_holds_floats(one.data_type) for one in message.struct.fields)
    return False


def arrow_type(kind: SparkType) -> pa.DataType | None:
    """What Spark sends a column of a type as; None if such a column is not sent from here."""
    match kind:
        case Decimal(precision, scale):
            return pa.decimal128(precision, scale)
        case Simple():
            return _ARROW.get(kind)
        case Struct() | Nested() if duckdb_name(kind) is not None:
            return to_arrow_type(proto_schema_to_pyspark_data_type(to_proto(kind)), timezone="UTC")
    return None
