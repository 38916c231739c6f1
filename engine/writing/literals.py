"""Typed literals of the engine's own plans as SQL. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import pyspark.sql.connect.proto as pb
from sqlglot import exp

from engine.writing.dialects import Dialect, cast

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Untranslatable(Exception):
    """A plan holds what plans of the engine's own making do not: a bug of the engine's."""


def write_literal(value: pb.Expression.Literal, dialect: Dialect) -> exp.Expr:
    """A literal of exactly the type that the plan says."""
    kind = str(value.WhichOneof("literal_type"))
    writer = _WRITERS.get(kind)
    if writer is None:
        raise Untranslatable(f"a literal of type {kind}")
    return writer(getattr(value, kind), dialect)


def _boolean(value: bool, _dialect: Dialect) -> exp.Expr:
    return exp.Boolean(this=value)


def _whole(value: int, dialect: Dialect) -> exp.Expr:
    return cast(exp.Literal.string(str(value)), dialect.types["long"])


def _floating(value: float, _dialect: Dialect) -> exp.Expr:
    text = repr(value) if math.isfinite(value) else {math.inf: "inf", -math.inf: "-inf"}.get(value, "NaN")
    return cast(exp.Literal.string(text), "DOUBLE")


def _single(value: float, _dialect: Dialect) -> exp.Expr:
    return _floating(value, _dialect)  # a float of four bytes is exact in eight


def _decimal(value: pb.Expression.Literal.Decimal, _dialect: Dialect) -> exp.Expr:
    size = f"({value.precision}, {value.scale})" if value.HasField("precision") else "(38, 0)"
    return cast(exp.Literal.string(value.value), f"DECIMAL{size}")


def _text(value: str, _dialect: Dialect) -> exp.Expr:
    return exp.Literal.string(value)


def _date(value: int, _dialect: Dialect) -> exp.Expr:
    return cast(exp.Literal.string((_EPOCH + timedelta(days=value)).date().isoformat()), "DATE")


def _instant(value: int, dialect: Dialect) -> exp.Expr:
    moment = _EPOCH + timedelta(microseconds=value)
    return cast(exp.Literal.string(moment.isoformat(timespec="microseconds")), dialect.types["timestamp"])


def _wall_clock(value: int, dialect: Dialect) -> exp.Expr:
    moment = (_EPOCH + timedelta(microseconds=value)).replace(tzinfo=None)
    text = moment.isoformat(timespec="microseconds")
    return cast(exp.Literal.string(text), dialect.types["timestamp_ntz"])


_WRITERS: Final[MappingProxyType[str, Callable[[Any, Dialect], exp.Expr]]] = MappingProxyType(
    {
        "boolean": _boolean,
        "byte": _whole,
        "short": _whole,
        "integer": _whole,
        "long": _whole,
        "float": _single,
        "double": _floating,
        "decimal": _decimal,
        "string": _text,
        "date": _date,
        "timestamp": _instant,
        "timestamp_ntz": _wall_clock,
    }
)
