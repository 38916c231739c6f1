"""Functions that are put together of others, or of their values alone, such as `nvl2` and `in`. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from engine.spark.native import coercion
from engine.spark.native.functions.nested import elements
from engine.spark.native.functions.table import find
from engine.spark.native.tree import Call, Expr, In, Value
from engine.spark.native.types import (
    BOOLEAN,
    BYTE,
    DATE,
    DOUBLE,
    FLOAT,
    INTEGER,
    LONG,
    NULL,
    SHORT,
    STRING,
    TIMESTAMP,
    TIMESTAMP_NTZ,
    Decimal,
    Other,
    Simple,
    to_proto,
)
from engine.spark.native.unproven import Unproven

_MOST_OPTIONS: Final = 10  # more are looked up by Spark in a set, which tells zeros and NaNs apart


def _joined(values: tuple[Expr, ...]) -> Expr:
    """The texts of an array, in an order that is known."""
    made = coercion.call("array_join", values)
    found = elements(values[0].type)
    sorted_ = isinstance(values[0], Call) and values[0].line.name == "sort_array"
    if found is not None and not found[1] and not sorted_:
        raise Unproven("array_join in an order that is open")
    return made


def _when(values: tuple[Expr, ...]) -> Expr:
    if len(values) < 2:
        raise Unproven("the function when")
    pairs = list(zip(values[:-1:2], values[1::2], strict=False))
    return coercion.case(pairs, values[-1] if len(values) % 2 else None)


def _if(values: tuple[Expr, ...]) -> Expr:
    if len(values) != 3:
        raise Unproven("the function if")
    if isinstance(values[0], Value):  # unlike CASE, Spark then says that it may be null if either value may
        raise Unproven("if of a constant")
    return coercion.case([(values[0], values[1])], values[2])


def _in(values: tuple[Expr, ...]) -> Expr:
    first, *options = values
    if not options or len(options) > _MOST_OPTIONS:
        raise Unproven("a comparison with many values")
    kind = coercion.widest(values)
    if any(one.approximate for one in values) or kind == NULL:
        raise Unproven("a comparison of a value whose last bits are not fixed")
    if find("=", (kind, kind)) is None:
        raise Unproven(f"a comparison of {coercion.describe(kind)}")
    return In(coercion.cast(first, kind), tuple(coercion.cast(one, kind) for one in options))


def _between(values: tuple[Expr, ...]) -> Expr:
    if len(values) != 3:
        raise Unproven("the function between")
    value, low, high = values
    return coercion.call("and", (coercion.call(">=", (value, low)), coercion.call("<=", (value, high))))


# Of columns that are not read natively, too: others of their file may be.
_FLOATING: Final = frozenset(
    kind for one in (FLOAT, DOUBLE) for kind in (one, Other(to_proto(one).SerializeToString()))
)


def _nanvl(values: tuple[Expr, ...]) -> Expr:
    """NANVL(x, x), which the engine reads columns with, is x."""
    if len(values) == 2 and values[0] == values[1] and values[0].type in _FLOATING:
        return values[0]
    return coercion.call("nanvl", values)


def _coalesce(values: tuple[Expr, ...]) -> Expr:
    if not values:
        raise Unproven("the function coalesce")
    return values[0] if len(set(values)) == 1 else coercion.coalesce(values)


def _nullif(values: tuple[Expr, ...]) -> Expr:
    if len(values) != 2:
        raise Unproven("the function nullif")
    same = coercion.call("=", values)
    return coercion.case([(same, coercion.cast(Value(None, NULL), values[0].type))], values[0])


def _nvl2(values: tuple[Expr, ...]) -> Expr:
    if len(values) != 3:
        raise Unproven("the function nvl2")
    there = coercion.call("isnotnull", values[:1])
    return coercion.case([(there, values[1])], values[2])


def _null_if_zero(values: tuple[Expr, ...]) -> Expr:
    if len(values) != 1:
        raise Unproven("the function nullifzero")
    return _nullif((values[0], Value(0, INTEGER)))


def _zero_if_null(values: tuple[Expr, ...]) -> Expr:
    if len(values) != 1:
        raise Unproven("the function zeroifnull")
    return coercion.coalesce((values[0], Value(0, INTEGER)))


def _type_of(values: tuple[Expr, ...]) -> Expr:
    if len(values) != 1:
        raise Unproven("the function typeof")
    kind = values[0].type
    name = _WRITTEN.get(kind) if isinstance(kind, Simple) else None
    if isinstance(kind, Decimal):
        name = f"decimal({kind.precision},{kind.scale})"
    if name is None:
        raise Unproven("typeof of a nested or unusual value")
    return Value(name, STRING)


# What types are called in results.
_WRITTEN: Final[Mapping[Simple, str]] = {
    BOOLEAN: "boolean", BYTE: "tinyint", SHORT: "smallint", INTEGER: "int", LONG: "bigint", FLOAT: "float",
    DOUBLE: "double", STRING: "string", DATE: "date", TIMESTAMP: "timestamp", TIMESTAMP_NTZ: "timestamp_ntz",
}  # fmt: skip

# By name: from the values of its arguments to what it is.
COMBINED: Final[Mapping[str, Callable[[tuple[Expr, ...]], Expr]]] = {
    "when": _when,
    "if": _if,
    "in": _in,
    "between": _between,
    "coalesce": _coalesce,
    "ifnull": _coalesce,
    "nvl": _coalesce,
    "nanvl": _nanvl,
    "nullif": _nullif,
    "array_join": _joined,
    "nvl2": _nvl2,
    "nullifzero": _null_if_zero,
    "zeroifnull": _zero_if_null,
    "typeof": _type_of,
}
