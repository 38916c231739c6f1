"""Constants of plans, as far as their values are plain. Pure."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.spark.native.functions.table import MOST_DECIMALS
from engine.spark.native.tree import Value
from engine.spark.native.types import (
    BOOLEAN,
    BYTE,
    DATE,
    DOUBLE,
    FLOAT,
    INTEGER,
    LONG,
    SHORT,
    STRING,
    TIMESTAMP,
    TIMESTAMP_NTZ,
    Decimal,
    from_proto,
)
from engine.spark.native.unproven import Unproven

_EPOCH: Final = dt.datetime(1970, 1, 1)
_FIRST_YEAR: Final = 1583  # before that literals of plans are of another calendar


def literal(message: pb.Expression.Literal) -> Value:
    """A constant of a plan."""
    kind = message.WhichOneof("literal_type")
    match kind:
        case "null":
            null = from_proto(message.null)
            return Value(None, null)
        case "boolean":
            return Value(message.boolean, BOOLEAN)
        case "byte":
            return Value(message.byte, BYTE)
        case "short":
            return Value(message.short, SHORT)
        case "integer":
            return Value(message.integer, INTEGER)
        case "long":
            return Value(message.long, LONG)
        case "float":
            return Value(message.float, FLOAT)
        case "double":
            return Value(message.double, DOUBLE)
        case "string":
            return Value(_plain(message.string), STRING)
        case "date":
            return _of_time(Value(dt.date(1970, 1, 1) + _days(message.date), DATE))
        case "timestamp":
            return _of_time(Value(_EPOCH + _micros(message.timestamp), TIMESTAMP))
        case "timestamp_ntz":
            return _of_time(Value(_EPOCH + _micros(message.timestamp_ntz), TIMESTAMP_NTZ))
        case "decimal":
            return _exact(message.decimal)
    raise Unproven(f"a constant of the kind {kind}")


def _exact(message: pb.Expression.Literal.Decimal) -> Value:
    """A decimal that has all the digits that its type says, and no others."""
    kind = Decimal(message.precision, message.scale)
    try:
        number = decimal.Decimal(message.value)
    except decimal.InvalidOperation:
        raise Unproven("a decimal that is not a number") from None
    if not 0 <= kind.scale <= kind.precision <= MOST_DECIMALS or not kind.precision or not number.is_finite():
        raise Unproven("a decimal that is not a number, or has no type")
    behind = -int(number.as_tuple().exponent)
    if not 0 <= behind <= kind.scale or number.adjusted() >= kind.precision - kind.scale:
        raise Unproven("a decimal that its type does not hold")
    return Value(number, kind)


def _plain(text: str) -> str:
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise Unproven("a text with unusual characters")
    return text


def _days(count: int) -> dt.timedelta:
    return _span(days=count)


def _micros(count: int) -> dt.timedelta:
    return _span(microseconds=count)


def _span(*, days: int = 0, microseconds: int = 0) -> dt.timedelta:
    if not -dt.timedelta.max.days < days < dt.timedelta.max.days:
        raise Unproven("a date or timestamp that is far away")
    span = dt.timedelta(days=days, microseconds=microseconds)
    if not -dt.timedelta(days=140_000) < span < dt.timedelta(days=2_900_000):
        raise Unproven("a date or timestamp that is far away")
    return span


def _of_time(value: Value) -> Value:
    if isinstance(value.value, dt.date) and value.value.year < _FIRST_YEAR:
        raise Unproven("a date or timestamp that is far away")
    return value
