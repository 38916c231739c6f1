"""Types of columns as the engine's plans know them. Pure.

Whole numbers of any width are BIGINT there: Snowflake has but one type for them. Types without groups
of equal values keep their names alone, for messages.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyspark.sql.connect.proto as pb

from sandbox.contract.messages import ColumnType


def struct_of(columns: Sequence[ColumnType]) -> pb.DataType:
    """The type of rows with these columns."""
    struct = pb.DataType()
    struct.struct.SetInParent()
    for column in columns:
        field = struct.struct.fields.add(name=column.name, nullable=True)
        field.data_type.CopyFrom(_type_of(column))
    return struct


def _type_of(column: ColumnType) -> pb.DataType:
    match column.type:
        case "FIXED" if column.scale == 0:
            return pb.DataType(long=pb.DataType.Long())
        case "FIXED":
            return pb.DataType(decimal=pb.DataType.Decimal(precision=column.precision, scale=column.scale))
        case "REAL":
            return pb.DataType(double=pb.DataType.Double())
        case "TEXT":
            return pb.DataType(string=pb.DataType.String())
        case "BOOLEAN":
            return pb.DataType(boolean=pb.DataType.Boolean())
        case "DATE":
            return pb.DataType(date=pb.DataType.Date())
        case "TIMESTAMP_NTZ":
            return pb.DataType(timestamp_ntz=pb.DataType.TimestampNTZ())
        case "TIMESTAMP_LTZ" | "TIMESTAMP_TZ":
            return pb.DataType(timestamp=pb.DataType.Timestamp())
        case "BINARY":
            return pb.DataType(binary=pb.DataType.Binary())
        case "ARRAY":
            return pb.DataType(array=pb.DataType.Array())
        case "OBJECT" | "MAP":
            return pb.DataType(map=pb.DataType.Map())
        case _:
            return pb.DataType(variant=pb.DataType.Variant())
