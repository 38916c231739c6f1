"""Whether a column of a Parquet file is of the type that a relation says, without any cast. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import pyarrow as pa
import pyspark.sql.connect.proto as pb

_UNITS: Final = ("us", "ms")


def _is_text(stored: pa.DataType) -> bool:
    plain = stored.value_type if pa.types.is_dictionary(stored) else stored
    return bool(
        pa.types.is_string(plain) or pa.types.is_large_string(plain) or pa.types.is_string_view(plain)
    )


def _is_bytes(stored: pa.DataType) -> bool:
    kinds = (
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_fixed_size_binary,
        pa.types.is_binary_view,
    )
    return any(kind(stored) for kind in kinds)


def _is_instant(stored: pa.DataType, *, zoned: bool) -> bool:
    return pa.types.is_timestamp(stored) and stored.unit in _UNITS and (stored.tz is not None) is zoned


# Unsigned numbers are of the next wider type.
_SIMPLE: Final[Mapping[str, Callable[[pa.DataType], bool]]] = MappingProxyType(
    {
        "boolean": pa.types.is_boolean,
        "byte": pa.types.is_int8,
        "short": lambda stored: pa.types.is_int16(stored) or pa.types.is_uint8(stored),
        "integer": lambda stored: pa.types.is_int32(stored) or pa.types.is_uint16(stored),
        "long": lambda stored: pa.types.is_int64(stored) or pa.types.is_uint32(stored),
        "float": pa.types.is_float32,
        "double": pa.types.is_float64,
        "string": _is_text,
        "binary": _is_bytes,
        "date": pa.types.is_date32,
        "timestamp": lambda stored: _is_instant(stored, zoned=True),
        "timestamp_ntz": lambda stored: _is_instant(stored, zoned=False),
    }
)


def is_stored_as(stored: pa.DataType, wanted: pb.DataType) -> bool:
    """Whether a column is what is wanted; unknown is no.

    Args:
        stored: its Arrow type, as the footer tells it.
        wanted: Spark's type.
    """
    kind = wanted.WhichOneof("kind") or ""
    match kind:
        case "decimal":
            precision, scale = wanted.decimal.precision, wanted.decimal.scale
            if pa.types.is_uint64(stored):
                return (precision, scale) == (20, 0)
            return pa.types.is_decimal(stored) and (stored.precision, stored.scale) == (precision, scale)
        case "array":
            whole = pa.types.is_list(stored) or pa.types.is_large_list(stored)
            return whole and is_stored_as(stored.value_type, wanted.array.element_type)
        case "map":
            whole = pa.types.is_map(stored)
            return (
                whole
                and is_stored_as(stored.key_type, wanted.map.key_type)
                and is_stored_as(stored.item_type, wanted.map.value_type)
            )
        case "struct":
            fields = wanted.struct.fields
            if not pa.types.is_struct(stored) or stored.num_fields != len(fields):
                return False
            pairs = zip(stored.fields, fields, strict=True)
            return all(one.name == two.name and is_stored_as(one.type, two.data_type) for one, two in pairs)
    fits = _SIMPLE.get(kind)
    return fits is not None and bool(fits(stored))
