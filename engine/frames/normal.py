"""One form for the values of a key, whether they come in a column or one by one. Pure.

A column in this form is of one of few types, and equal values have equal bits: whole numbers, days and
microseconds are BIGINT, floating numbers DOUBLE with one NaN and one zero, and text is its bytes in UTF-8,
which may be none that Python can read. As a key of a dictionary a value is an int, bool, float, Decimal or
bytes, or None for null. NaN, which does not equal itself, is the text `NAN`, which no other value is.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.connect.proto as pb

from engine.models.frame import Scalar

Numbers = npt.NDArray[np.int64]
ArrowColumn: TypeAlias = pa.Array | pa.ChunkedArray

NAN: Final = "NaN"

_ARROW_TYPES: Final = {
    "boolean": pa.bool_(),
    "byte": pa.int8(),
    "short": pa.int16(),
    "integer": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "char": pa.string(),
    "var_char": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    "timestamp_ntz": pa.timestamp("us"),
}


def normal(column: ArrowColumn) -> ArrowColumn:
    """A column of keys in the one form.

    Args:
        column: of a type that can be grouped by.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return normal(column.cast(kind.value_type))
    if pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
        return column
    if pa.types.is_floating(kind):
        wide = column.cast(pa.float64())
        return pc.if_else(pc.is_nan(wide), pa.scalar(float("nan")), pc.add(wide, 0.0))
    if pa.types.is_date(kind):
        return column.cast(pa.date32()).cast(pa.int32()).cast(pa.int64())
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.int64())
    return column.cast(pa.int64() if pa.types.is_integer(kind) else pa.binary())


def column_of(values: Sequence[Scalar], kind: pb.DataType) -> ArrowColumn:
    """Values of a field's type as a column of that type, in the one form."""
    return normal(pa.array(values, _arrow_type(kind), from_pandas=False))


def keys_of(column: ArrowColumn) -> list[Hashable]:
    """The values of a column in the one form, as keys of a dictionary."""
    return [NAN if value != value else value for value in column.to_pylist()]


def column_of_keys(keys: Sequence[Hashable], like: ArrowColumn) -> pa.Array:
    """Keys of a dictionary as a column of the type of another one, which is in the one form."""
    values = [float("nan") if key == NAN else key for key in keys]
    return pa.array(values, like.type, from_pandas=False)


def whole_numbers(column: ArrowColumn, absent: int = 0) -> Numbers:
    """A column of whole numbers, with another one for null."""
    if column.null_count:
        column = pc.fill_null(column, absent)
    return np.asarray(column, np.int64)


def _arrow_type(kind: pb.DataType) -> pa.DataType:
    name = str(kind.WhichOneof("kind"))
    if name == "decimal":
        return pa.decimal128(kind.decimal.precision, kind.decimal.scale)
    return _ARROW_TYPES[name]
