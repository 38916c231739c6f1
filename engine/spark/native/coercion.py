"""Spark's own casts (ANSI) between expressions of different types, as far as they are proven. Pure."""

from __future__ import annotations

import datetime as dt
import decimal
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from engine.spark.native.functions.nested import find_nested
from engine.spark.native.functions.table import COERCIONS, find
from engine.spark.native.tree import Call, CaseWhen, Coalesce, Expr, Line, Value, children, may_be_constant
from engine.spark.native.types import (
    BITS,
    BYTE,
    DATE,
    DOUBLE,
    FLOAT,
    FLOATS,
    INTEGER,
    INTEGRALS,
    LONG,
    NULL,
    NUMBERS,
    SHORT,
    STRING,
    TIMESTAMP,
    TIMESTAMP_NTZ,
    Decimal,
    Nested,
    Simple,
    SparkType,
)
from engine.spark.native.unproven import Unproven

_MOST_DIGITS: Final = 38
_WHOLE: Final[Mapping[SparkType, int]] = MappingProxyType({BYTE: 3, SHORT: 5, INTEGER: 10, LONG: 20})
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?")


def coerced(name: str, arguments: Sequence[Expr]) -> tuple[Expr, ...]:
    """The arguments of a function after Spark's casts."""
    match COERCIONS.get(name, COERCIONS.get(name.partition(" ")[0], "none")):
        case "double" if name == "/" and _has_decimal(arguments):
            # With a float it is one; decimals among themselves stay decimals.
            return tuple(cast(one, DOUBLE) for one in arguments)
        case "double":
            return tuple(to_double(one) for one in arguments)
        case "doubles":
            return tuple(cast(one, DOUBLE) for one in arguments if _is_number(one))
        case "long" if arguments and arguments[0].type in (BYTE, SHORT, INTEGER):
            return cast(arguments[0], LONG), *arguments[1:]
        case "integer" if arguments and arguments[0].type in (BYTE, SHORT):
            return cast(arguments[0], INTEGER), *arguments[1:]
        case "date" if arguments and arguments[0].type == STRING:
            return cast(arguments[0], DATE), *arguments[1:]
        case "dates":
            return tuple(cast(one, DATE) if one.type == STRING else one for one in arguments)
        case "instant" if arguments and arguments[0].type == STRING:
            return cast(arguments[0], TIMESTAMP), *arguments[1:]
        case "instants":
            return tuple(cast(one, TIMESTAMP) if one.type in (STRING, DATE) else one for one in arguments)
        case "compared" if any(isinstance(one.type, Decimal) for one in arguments):
            kind = _compared(arguments)
            return tuple(cast(one, kind) for one in arguments)
        case "added" if any(isinstance(one.type, Decimal) for one in arguments):
            return _added(arguments)
        case "widest" | "compared" | "added":
            kind = widest(arguments)
            return tuple(cast(one, kind) for one in arguments)
    return tuple(arguments)


def widest(expressions: Sequence[Expr]) -> SparkType:
    """The type in which Spark compares or joins expressions."""
    kinds = {one.type for one in expressions} - {NULL}
    if not kinds:
        return NULL
    if len(kinds) == 1:
        return kinds.pop()
    if kinds <= set(NUMBERS):
        if kinds & set(FLOATS):
            return DOUBLE  # two different ones: whole numbers and floats meet in doubles
        return max(kinds, key=lambda kind: INTEGRALS.index(kind) if isinstance(kind, Simple) else 0)
    numbers = {kind for kind in kinds if kind in NUMBERS or isinstance(kind, Decimal)}
    if numbers == kinds:
        return DOUBLE if kinds & set(FLOATS) else _wider(kinds)
    for time in (DATE, TIMESTAMP, TIMESTAMP_NTZ):
        texts = [one for one in expressions if one.type == STRING]
        if kinds == {time, STRING} and all(isinstance(one, Value) for one in texts):
            return time
    if kinds == {DATE, TIMESTAMP}:
        return TIMESTAMP
    raise Unproven("types that differ: " + " and ".join(sorted(map(describe, kinds))))


def _added(expressions: Sequence[Expr]) -> tuple[Expr, ...]:
    """Decimals beside whole numbers, with all the digits that these can have; literals with their own."""
    if {one.type for one in expressions} & set(FLOATS):
        return tuple(cast(one, DOUBLE) for one in expressions)
    found = []
    for one in expressions:
        kind = _as_decimal(one.type)
        if isinstance(one, Value) and isinstance(one.value, int) and not one.computed:
            kind = Decimal(len(str(abs(one.value))), 0)
        found.append(cast(one, kind))
    return tuple(found)


def _has_decimal(expressions: Sequence[Expr]) -> bool:
    """Whether there is a decimal beside a float."""
    kinds = {one.type for one in expressions}
    return any(isinstance(kind, Decimal) for kind in kinds) and bool(kinds & set(FLOATS))


def _compared(expressions: Sequence[Expr]) -> SparkType:
    """The type in which decimals are compared: one that holds both sides, or double."""
    kinds = {one.type for one in expressions} - {NULL}
    if kinds & set(FLOATS):
        return widest(expressions)
    return _wider(kinds)


def _wider(kinds: Iterable[SparkType]) -> Decimal:
    """The decimal that holds all of these."""
    decimals = [_as_decimal(kind) for kind in kinds]
    scale = max(one.scale for one in decimals)
    digits = max(one.precision - one.scale for one in decimals) + scale
    if digits > _MOST_DIGITS:
        raise Unproven("decimals of many digits")
    return Decimal(digits, scale)


def _as_decimal(kind: SparkType) -> Decimal:
    if isinstance(kind, Decimal):
        return kind
    if kind in _WHOLE:
        return Decimal(_WHOLE[kind], 0)
    raise Unproven(f"a decimal and {describe(kind)}")


def _is_number(expression: Expr) -> bool:
    """True, or it is not known what Spark makes of it."""
    if expression.type in (*NUMBERS, NULL) or isinstance(expression.type, Decimal):
        return True
    raise Unproven(f"{describe(expression.type)} where a number is expected")


def to_double(expression: Expr) -> Expr:
    """A number as a double, as functions that take doubles cast it."""
    if expression.type in (*NUMBERS, NULL):
        return cast(expression, DOUBLE)
    raise Unproven(f"{describe(expression.type)} where a number is expected")


def cast(expression: Expr, kind: SparkType) -> Expr:
    """An expression as another type, by a cast that is proven."""
    if expression.type == kind:
        return expression
    if expression.type == NULL or (isinstance(expression, Value) and expression.value is None):
        return Value(None, kind)
    if isinstance(expression, Value) and (folded := _folded(expression, kind)) is not None:
        return folded
    line = find("cast", (expression.type,), kind)
    if line is None:
        raise Unproven(f"a cast of {describe(expression.type)} to {describe(kind)}")
    _refuse_approximate(line.name, (expression,), kind in (FLOAT, DOUBLE) and expression.type in FLOATS)
    return _made(line, (expression,))


def _made(line: Line, arguments: tuple[Expr, ...]) -> Call:
    made = Call(line, arguments)
    if line.raises and may_be_constant(made):
        raise Unproven(f"{line.name} of constants, which may raise an error where there are no rows")
    if line.aggregate and _LAMBDA in line.sql and any(map(_has_lambda, arguments)):
        raise Unproven(f"{line.name} of arrays, which would break DuckDB")
    return made


_LAMBDA: Final = "lambda "


def _has_lambda(expression: Expr) -> bool:
    """Whether it is written with a lambda function, which must not stand in one with an aggregate."""
    own = isinstance(expression, Call) and _LAMBDA in expression.line.sql
    return own or any(map(_has_lambda, children(expression)))


def call(name: str, arguments: Sequence[Expr]) -> Call:
    """A function of the table, after Spark's casts."""
    after = coerced(name, arguments)
    takes = tuple(one.type for one in after)
    line = find_nested(name, takes) if takes and isinstance(takes[0], Nested) else find(name, takes)
    if line is None:
        shown = ", ".join(describe(one.type) for one in arguments)
        raise Unproven(f"the function {name}({shown})")
    _refuse_approximate(name, after, line.passes)
    return _made(line, after)


def case(branches: Sequence[tuple[Expr, Expr]], otherwise: Expr | None) -> CaseWhen:
    """CASE WHEN, its values in one type."""
    values = [value for _, value in branches] + ([] if otherwise is None else [otherwise])
    kind = widest(values)
    _refuse_null(kind)
    for condition, _ in branches:
        if condition.type.__class__ is not Simple or condition.type != Simple("boolean"):
            raise Unproven("a condition that is not Boolean")
    pairs = tuple((condition, cast(value, kind)) for condition, value in branches)
    return CaseWhen(pairs, None if otherwise is None else cast(otherwise, kind), kind)


def coalesce(arguments: Sequence[Expr]) -> Coalesce:
    """COALESCE, its arguments in one type."""
    kind = widest(arguments)
    _refuse_null(kind)
    return Coalesce(tuple(cast(one, kind) for one in arguments), kind)


def describe(kind: SparkType) -> str:
    """A type in words, for the reasons why something is not answered natively."""
    match kind:
        case Simple(name):
            return name
        case Decimal(precision, scale):
            return f"decimal({precision},{scale})"
    return "a nested or unusual type"


def _refuse_null(kind: SparkType) -> None:
    if kind == NULL:
        raise Unproven("a value that is always null")


def _refuse_approximate(name: str, arguments: Sequence[Expr], passes: bool) -> None:
    if not passes and any(one.approximate for one in arguments):
        raise Unproven(f"{name} of a value whose last bits are not fixed")


def _folded(literal: Value, kind: SparkType) -> Value | None:
    """A constant as another type, where it is as plain as can be."""
    value = literal.value
    if isinstance(value, (int, decimal.Decimal)) and not isinstance(value, bool):
        return _number(value, kind)
    if kind == FLOAT and isinstance(value, float) and _is_float(value):
        return Value(value, kind)
    if isinstance(value, str) and literal.type == STRING:
        return _time(value, kind)
    return None


def _number(value: int | decimal.Decimal, kind: SparkType) -> Value | None:
    if kind == DOUBLE:
        return Value(float(value), kind)
    if isinstance(kind, Decimal):
        return Value(decimal.Decimal(value), kind)  # only ever asked for one that holds it
    if isinstance(kind, Simple) and kind in BITS and isinstance(value, int):
        most = 2 ** (BITS[kind] - 1)
        return Value(value, kind) if -most <= value < most else None
    if kind == FLOAT and isinstance(value, int) and abs(value) < 2**24:
        return Value(float(value), kind)
    return None


def _is_float(value: float) -> bool:
    """Whether 32 bits hold it."""
    try:
        return bool(struct.unpack("f", struct.pack("f", value))[0] == value)
    except OverflowError:
        return False


def _time(text: str, kind: SparkType) -> Value | None:
    try:
        if kind == DATE and _DAY.fullmatch(text):
            return Value(dt.date.fromisoformat(text), kind, cast=True)
        if kind in (TIMESTAMP, TIMESTAMP_NTZ) and (_DAY.fullmatch(text) or _INSTANT.fullmatch(text)):
            return Value(dt.datetime.fromisoformat(text), kind, cast=True)
    except ValueError:
        return None
    return None
