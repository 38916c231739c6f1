"""Rows that a plan holds itself, as constants. Pure."""

from __future__ import annotations

import datetime as dt
import json
from typing import Final

import pyarrow as pa
import pyspark.sql.connect.proto as pb
from pyspark.errors import PySparkException
from pyspark.sql.connect.types import pyspark_types_to_proto_types
from pyspark.sql.types import StructType

from engine.spark.native.tree import Value
from engine.spark.native.types import (
    BOOLEAN,
    DATE,
    INSTANTS,
    NUMBERS,
    STRING,
    SparkType,
    arrow_type,
    from_proto,
)
from engine.spark.native.unproven import Unproven

_MOST_VALUES: Final = 5_000


def local_rows(relation: pb.LocalRelation) -> tuple[list[tuple[str, SparkType, bool]], list[list[Value]]]:
    """Names, types and nullability of the columns, and the rows.

    Raises:
        Unproven: they are many, or Spark would cast them.
    """
    if not relation.data:
        raise Unproven("local data without rows")
    try:
        with pa.ipc.open_stream(relation.data) as reader:
            table = reader.read_all()
        table.validate(full=True)
    except pa.ArrowException:
        raise Unproven("local data that cannot be read") from None
    fields = _fields(relation.schema) if relation.schema else _fields_of(table.schema)
    if table.num_rows * max(1, table.num_columns) > _MOST_VALUES:
        raise Unproven("local data that is too large")
    if table.column_names != [name for name, _, _ in fields]:
        raise Unproven("local data whose columns have other names than its schema says")
    columns = []
    for array, (name, kind, nullable) in zip(table.columns, fields, strict=True):
        if array.type != arrow_type(kind) or (array.null_count and not nullable):
            raise Unproven(f"local data whose column {name!r} would be cast")
        columns.append([_value(value, kind) for value in array.to_pylist()])
    return fields, [list(row) for row in zip(*columns, strict=True)]


def _fields(schema: str) -> list[tuple[str, SparkType, bool]]:
    if '"udt"' in schema:  # PySpark would import what such a type names; plans with one are refused earlier
        raise Unproven("local data of unusual types")
    try:
        struct = pyspark_types_to_proto_types(StructType.fromJson(json.loads(schema))).struct
    except (ValueError, KeyError, TypeError, RecursionError, PySparkException):
        raise Unproven("local data with a schema that is not JSON") from None
    return [(str(one.name), from_proto(one.data_type), bool(one.nullable)) for one in struct.fields]


def _fields_of(schema: pa.Schema) -> list[tuple[str, SparkType, bool]]:
    """The columns as their Arrow types say."""
    known = {arrow_type(kind): kind for kind in (BOOLEAN, *NUMBERS, STRING, DATE, *INSTANTS)}
    found = list[tuple[str, SparkType, bool]]()
    for field in schema:
        kind = known.get(field.type)
        if kind is None:
            raise Unproven("local data of unusual types")
        found.append((str(field.name), kind, bool(field.nullable)))
    return found


def _value(value: object, kind: SparkType) -> Value:
    if isinstance(value, dt.datetime):
        if kind not in INSTANTS or value.year < 1900:
            raise Unproven("local data with instants far away")
        return Value(value.replace(tzinfo=None), kind)
    if isinstance(value, dt.date) and value.year < 1900:
        raise Unproven("local data with days far away")
    if value is None or isinstance(value, (bool, int, float, str, dt.date)):
        return Value(value, kind)
    raise Unproven("local data of unusual types")
