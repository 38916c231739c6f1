"""Values of a field as typed literals and conditions. Pure.

A literal has exactly the field's type, so that a backend neither widens the column (and loses the
statistics of its files) nor rounds the value. NaN equals nothing in Python, and itself in Spark; on some
backends, NaNs of different bits are different groups and -0.0 is not 0.0: `canonical` makes them one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final

import pyspark.sql.connect.proto as pb

from engine.errors import DataError
from engine.frames.build import Literal, all_of, any_of, call, case, literal, literal_of
from engine.frames.fields import Field
from engine.models.frame import Scalar
from engine.models.segment_checks import Edge

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MAX_DIGITS: Final = 38
_BITS: Final = {"byte": 8, "short": 16, "integer": 32, "long": 64}
FLOATS: Final = frozenset({"float", "double"})


def micros(instant: datetime) -> int:
    """Microseconds since 1970 of an aware datetime, or of a naive one's wall clock."""
    aware = instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MICROSECOND


def days(day: date) -> int:
    """Days since 1970."""
    return day.toordinal() - _EPOCH.toordinal()


def canonical(field: Field) -> pb.Expression:
    """The field as a grouping key: one NaN, one zero."""
    if field.kind not in FLOATS:
        return field.expression
    nan = literal(literal_of(field.kind, math.nan))
    zero = literal(literal_of(field.kind, 0.0))
    return case([(call("isnan", field.expression), nan)], call("+", field.expression, zero))


def convert(field: Field, value: Scalar, what: str) -> Scalar:
    """A given value as the field's own type has it, so that results show what the data would.

    Args:
        field: of a kind that can be grouped by.
        value: what the caller gave.
        what: who asks, for the message.

    Raises:
        DataError: it is no value of that type, or does not fit it.
    """
    if value is None:
        return None
    converted = _CONVERTERS[field.kind](field, value)
    if converted is None:
        raise DataError(f"{what}: {value!r} is not a value of {field.name!r}, whose type is {field.kind}")
    return converted


def equals(field: Field, value: Scalar) -> pb.Expression:
    """The condition that the field has this value, which is of its type; null and NaN included."""
    if value is None:
        return call("isnull", field.expression)
    if isinstance(value, float) and math.isnan(value):
        return call("isnan", field.expression)
    return call("==", field.expression, literal(_value_literal(field, value)))


def among(field: Field, values: Sequence[Scalar]) -> pb.Expression:
    """The condition that the field has one of these values, which are of its type; null and NaN included."""
    unequal = [value for value in values if value is None or value != value]
    conditions = [equals(field, value) for value in unequal]
    equal = [
        literal(_value_literal(field, value)) for value in values if value is not None and value == value
    ]
    if equal:
        conditions.append(call("in", canonical(field), *equal))
    return any_of(conditions) if conditions else literal(Literal(boolean=False))


def within(field: Field, low: Edge | None, high: Edge | None, zone: tzinfo, what: str) -> pb.Expression:
    """The condition that the field lies in `[low, high)`; null and NaN never do.

    Args:
        field: a column of any type.
        low: lower edge, or None.
        high: upper edge, or None; without both the field has to have a value.
        zone: where a date edge of a timestamp begins.
        what: who asks, for the message.

    Raises:
        DataError: the field has no order with such edges.
    """
    conditions = []
    if field.kind in FLOATS:
        conditions.append(call("not", call("isnan", field.expression)))
    for operator, edge in ((">=", low), ("<", high)):
        if edge is not None:
            bound = edge_literal(field, edge, zone)
            if bound is None:
                raise DataError(_edge_message(field, edge, what))
            conditions.append(call(operator, field.expression, literal(bound)))
    if low is None and high is None:
        conditions.append(call("isnotnull", field.expression))
    return all_of(conditions)


def edge_literal(field: Field, edge: Any, zone: tzinfo) -> pb.Expression.Literal | None:
    """An edge to compare the field with, or None if there is no order between them."""
    number = isinstance(edge, int | float | Decimal)
    if field.kind in _BITS and number:
        whole = math.ceil(edge)  # the first whole number that is not below the edge
        return Literal(long=whole) if abs(whole) < 1 << 63 else None
    if field.kind in FLOATS and number:
        rounded = _to_float(field, edge)
        return None if rounded is None else Literal(double=rounded)
    if field.kind == "decimal" and number:
        return _decimal_edge(edge)
    if field.kind == "date" and isinstance(edge, date) and not isinstance(edge, datetime):
        return Literal(date=days(edge))
    if field.kind in ("timestamp", "timestamp_ntz") and isinstance(edge, date):
        moment = edge if isinstance(edge, datetime) else datetime(edge.year, edge.month, edge.day)
        aware = field.kind == "timestamp"
        if not isinstance(edge, datetime) and aware:
            moment = moment.replace(tzinfo=zone)
        return literal_of(field.kind, micros(moment)) if (moment.tzinfo is not None) == aware else None
    return None


def _value_literal(field: Field, value: Any) -> pb.Expression.Literal:
    """The literal of a value that has the field's type."""
    if field.kind == "decimal":
        size = field.type.decimal
        return Literal(decimal=Literal.Decimal(value=str(value), precision=size.precision, scale=size.scale))
    if field.kind in ("timestamp", "timestamp_ntz"):
        return literal_of(field.kind, micros(value))
    if field.kind == "date":
        return Literal(date=days(value))
    return literal_of("string" if field.kind in ("char", "var_char") else field.kind, value)


def _decimal_edge(edge: int | float | Decimal) -> pb.Expression.Literal | None:
    exact = Decimal(repr(edge)) if isinstance(edge, float) else Decimal(edge)
    _, digits, exponent = exact.as_tuple()
    scale = max(0, -int(exponent))
    precision = max(len(digits) + max(0, int(exponent)), scale, 1)
    if precision > _MAX_DIGITS:
        return None
    return Literal(decimal=Literal.Decimal(value=format(exact, "f"), precision=precision, scale=scale))


def _edge_message(field: Field, edge: Edge, what: str) -> str:
    fitting = {
        "date": "dates",
        "timestamp": "aware datetimes or dates",
        "timestamp_ntz": "datetimes without a zone, or dates",
    }
    numeric = field.kind in _BITS or field.kind in FLOATS or field.kind == "decimal"
    wanted = "numbers within its range" if numeric else fitting.get(field.kind)
    instead = "buckets need numbers, dates or timestamps; use its values or a condition"
    hint = f"give {wanted}" if wanted else instead
    return f"{what}: the edge {edge!r} does not fit {field.name!r}, whose type is {field.kind}; {hint}"


def _to_bool(_field: Field, value: Scalar) -> Scalar:
    return value if isinstance(value, bool) else None


def _to_int(field: Field, value: Scalar) -> Scalar:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if not _is_finite(value):
        return None
    whole, half = int(value), 1 << (_BITS[field.kind] - 1)
    return whole if whole == value and -half <= whole < half else None


def _is_finite(value: int | float | Decimal) -> bool:
    """Whether it is a number; one that is whole may be too large for a float."""
    return isinstance(value, int) or math.isfinite(value)


def _to_float(_field: Field, value: Scalar) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _to_decimal(field: Field, value: Scalar) -> Scalar:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not _is_finite(value):
        return None
    exact = (Decimal(repr(value)) if isinstance(value, float) else Decimal(value)).normalize()
    _, digits, exponent = exact.as_tuple()
    size = field.type.decimal
    fits = -int(exponent) <= size.scale and len(digits) + int(exponent) <= size.precision - size.scale
    return Decimal(format(exact, f".{size.scale}f")) if fits or not exact else None


def _to_text(_field: Field, value: Scalar) -> Scalar:
    return value if isinstance(value, str) else None


def _to_date(_field: Field, value: Scalar) -> Scalar:
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _to_moment(field: Field, value: Scalar) -> Scalar:
    if not isinstance(value, datetime):
        return None
    return value if (value.tzinfo is None) == (field.kind == "timestamp_ntz") else None


_CONVERTERS: Final[dict[str, Callable[[Field, Scalar], Scalar]]] = {
    "boolean": _to_bool,
    "byte": _to_int,
    "short": _to_int,
    "integer": _to_int,
    "long": _to_int,
    "float": _to_float,
    "double": _to_float,
    "decimal": _to_decimal,
    "string": _to_text,
    "char": _to_text,
    "var_char": _to_text,
    "date": _to_date,
    "timestamp": _to_moment,
    "timestamp_ntz": _to_moment,
}
