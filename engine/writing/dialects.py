"""How each dialect writes the functions that the engine's own plans use. Data; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from sqlglot import exp

DialectName = Literal["snowflake", "duckdb"]
Writer = Callable[[Sequence[exp.Expr]], exp.Expr]


@dataclass(frozen=True, slots=True)
class Dialect:
    """A dialect of SQL.

    Attributes:
        name: sqlglot's name of it.
        functions: those that the dialects write differently, by the names that plans use.
        types: what a type of a plan is called in a cast.
    """

    name: DialectName
    functions: Mapping[str, Writer]
    types: Mapping[str, str]


def anonymous(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A call that sqlglot writes just so."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def parenthesised(operator: type[exp.Binary], left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """An operator between two operands, in parentheses."""
    return exp.Paren(this=operator(this=left, expression=right))


def cast(value: exp.Expr, type_name: str) -> exp.Expr:
    """A cast to a type by the dialect's own name of it."""
    return exp.Cast(this=value, to=exp.DataType.build(type_name, udt=True))


def _whole_steps(parts: Sequence[exp.Expr]) -> exp.Expr:
    """Division without a rest. Snowflake rounds a quotient to six digits: it may be the next whole number."""
    value, step = parts
    rest = anonymous("MOD", value.copy(), step.copy())
    exact = parenthesised(exp.Div, parenthesised(exp.Sub, value, rest), step)
    return cast(exact, "NUMBER(38, 0)")


def _epoch_microseconds(parts: Sequence[exp.Expr]) -> exp.Expr:
    return anonymous("DATE_PART", exp.Literal.string("epoch_microsecond"), *parts)


SNOWFLAKE: Final = Dialect(
    "snowflake",
    MappingProxyType(
        {
            "div": _whole_steps,
            "isnan": lambda parts: parenthesised(exp.EQ, parts[0], cast(exp.Literal.string("NaN"), "DOUBLE")),
            "unix_micros": _epoch_microseconds,
            "unix_date": lambda parts: anonymous(
                "DATEDIFF",
                exp.Literal.string("day"),
                cast(exp.Literal.string("1970-01-01"), "DATE"),
                parts[0],
            ),
        }
    ),
    MappingProxyType(
        {
            "byte": "NUMBER(38, 0)",
            "short": "NUMBER(38, 0)",
            "integer": "NUMBER(38, 0)",
            "long": "NUMBER(38, 0)",
            "date": "DATE",
            "timestamp": "TIMESTAMP_LTZ",
            "timestamp_ntz": "TIMESTAMP_NTZ",
        }
    ),
)

DUCKDB: Final = Dialect(
    "duckdb",
    MappingProxyType(
        {
            "div": lambda parts: parenthesised(exp.IntDiv, *parts),
            "isnan": lambda parts: anonymous("ISNAN", *parts),
            "unix_micros": lambda parts: anonymous("EPOCH_US", *parts),
            "unix_date": lambda parts: parenthesised(
                exp.Sub, parts[0], cast(exp.Literal.string("1970-01-01"), "DATE")
            ),
        }
    ),
    MappingProxyType(
        {
            "byte": "TINYINT",
            "short": "SMALLINT",
            "integer": "INTEGER",
            "long": "BIGINT",
            "date": "DATE",
            "timestamp": "TIMESTAMPTZ",
            "timestamp_ntz": "TIMESTAMP",
        }
    ),
)

DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType({"snowflake": SNOWFLAKE, "duckdb": DUCKDB})
