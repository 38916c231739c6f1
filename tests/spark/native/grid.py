"""What Spark is asked for each line of the table of functions, and what DuckDB is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any, Final

import pyspark.sql.connect.proto as pb

from engine.frames.build import call, column, literal, named
from engine.spark.native.coercion import describe
from engine.spark.native.expressions import NameScope, read
from engine.spark.native.functions.nested import array_of, nested_lines
from engine.spark.native.functions.table import LINES, decimal_lines
from engine.spark.native.names import automatic_name
from engine.spark.native.tree import Column, Expr, Line
from engine.spark.native.types import (
    BOOLEAN,
    DOUBLE,
    INTEGER,
    LONG,
    STRING,
    Decimal,
    Nested,
    SparkType,
    duckdb_name,
    plain,
    to_proto,
)
from engine.spark.native.unproven import Unproven
from engine.spark.native.writer import aggregate_guard, any_of, guard, write
from tests.spark.native.values import HOSTILE

Signature = tuple[tuple[SparkType, ...], bool]


@dataclass(frozen=True, slots=True)
class Case:
    """A line with the expression that it is for.

    Attributes:
        line: of the table.
        expression: over the columns a0, a1, ...
    """

    line: Line
    expression: pb.Expression

    @property
    def label(self) -> str:
        """For messages."""
        takes = ", ".join(describe(kind) for kind in self.line.takes)
        name = (
            self.line.name if self.line.name != "mixed" else self.expression.unresolved_function.function_name
        )
        return f"{name}({takes}) -> {describe(self.line.gives)}"

    @property
    def name(self) -> str | None:
        """The automatic name that the translator says that it has."""
        return automatic_name(self.expression)

    def typed(self) -> Expr:
        """The expression over nullable columns a0, a1, ..., which are c0, c1, ... in SQL."""
        columns = tuple(Column(place, f"a{place}", kind, True) for place, kind in enumerate(self.line.takes))
        return read(self.expression, NameScope(columns, aggregates=True))

    def sql(self) -> tuple[str, str]:
        """The value and the condition under which it is not proven, in DuckDB's SQL."""
        typed = self.typed()
        flag = any_of([guard(typed), aggregate_guard(typed)]) or "false"
        return write(typed), f"coalesce({flag}, false)"


def case_of(line: Line) -> Case:
    """The case of a line."""
    return Case(line, spelled(line, [column(f"a{place}") for place in range(len(line.takes))]))


# What stands behind the first argument of functions that take constants.
_CONSTANTS: Final[dict[str, list[tuple[str, Any]]]] = {
    "percentile": [("double", 0.37)],
    "percentile_approx": [("double", 0.37), ("integer", 10_000)],
    "rlike": [("string", "^[a-c]+ ?b*")],
    "regexp_extract": [("string", "([A-Za-z]+)([^0-9a]?)"), ("integer", 2)],
    "regexp_replace": [("string", "[^A-Za-z ]"), ("string", "-+")],
    "regexp_count": [("string", "[a-z0-9]")],
    "regexp_substr": [("string", "[a-z0-9]+")],
    "regexp_extract_all": [("string", "([A-Za-z])([^0-9a]?)"), ("integer", 2)],
    "date_format": [("string", "EEE, MMM dd yyyy'T'HH:mm:ss.SSSSSS")],
    "from_unixtime": [("string", "yyyy-MM-dd HH:mm:ss")],
    "encode": [("string", "utf-8")],
    "array_join": [("string", ", "), ("string", "?")],
}


def spelled(line: Line, arguments: list[pb.Expression]) -> pb.Expression:
    """A line in the words of a plan."""
    name, _, word = line.name.partition(" ")
    if name == "cast":
        return pb.Expression(cast=pb.Expression.Cast(expr=arguments[0], type=to_proto(line.gives)))
    text = literal(pb.Expression.Literal(string=word))
    if name == "date_trunc":
        return call(name, text, *arguments)
    if name in ("trunc", "next_day"):
        return call(name, *arguments, text)
    if name == "ln" and len(arguments) == 2:
        return call("log", *arguments)
    if word == "desc":
        return call(name, *arguments, literal(pb.Expression.Literal(boolean=False)))
    if name in _CONSTANTS:
        constants = [literal(pb.Expression.Literal(**{kind: value})) for kind, value in _CONSTANTS[name]]
        constants = constants[: len(arguments) - 1] if name == "array_join" else constants
        return call(name, arguments[0], *constants)
    if name in ("round", "bround"):
        return call(name, *arguments, literal(pb.Expression.Literal(integer=int(word))))
    made = call(name, *arguments)
    made.unresolved_function.is_distinct = word == "distinct"
    return made


def masked(case: Case, number: int) -> pb.Expression:
    """The expression where ok<number> is true; of an aggregate, of the rows where it is."""
    ok = column(f"ok{number}")
    arguments = [column(f"a{place}") for place in range(len(case.line.takes))]
    if case.line.aggregate:
        hidden = [call("when", ok, argument) for argument in arguments]
        return named(spelled(case.line, hidden), f"r{number}")
    return named(call("when", ok, case.expression), f"r{number}")


# Decimals have the same lines whatever their digits; these stand for all.
DECIMALS: Final = (
    Decimal(5, 2),
    Decimal(12, 2),
    Decimal(15, 0),
    Decimal(18, 18),
    Decimal(28, 10),
    Decimal(38, 6),
)


def shapes() -> list[SparkType]:
    """Nested types of each shape, which stand for all that hold what is compared as it is."""
    kinds: list[SparkType] = [array_of(one) for one in (BOOLEAN, INTEGER, LONG, DOUBLE, STRING)]
    return [*kinds, array_of(array_of(INTEGER)), map_of(STRING, LONG), map_of(INTEGER, DOUBLE)]


def map_of(key: SparkType, value: SparkType) -> Nested:
    """The type of a map whose values may be null."""
    message = pb.DataType()
    message.map.key_type.CopyFrom(to_proto(key))
    message.map.value_type.CopyFrom(to_proto(value))
    message.map.value_contains_null = True
    return Nested(plain(message))


def all_lines() -> list[Line]:
    """The table, and the lines of some decimals and nested types; of these, those that give an answer."""
    nested = (line for kind in shapes() for line in nested_lines(kind))
    decimals = (line for kind in DECIMALS for line in decimal_lines(kind))
    return [*LINES.values(), *decimals, *(line for line in nested if _is_shown(line))]


def _is_shown(line: Line) -> bool:
    """Whether a line of a nested type is an expression over columns that gives an answer.

    What gives an array of unknown order, and what stands at a constant place, have plans of their own.
    """
    return duckdb_name(line.gives) is not None and line.name != "extract"


def by_signature() -> dict[Signature, list[Case]]:
    """The cases that read the same columns."""
    found: dict[Signature, list[Case]] = defaultdict(list)
    for line in all_lines():
        found[line.takes, line.aggregate].append(case_of(line))
    return found


# Two arguments of different types, and null: Spark casts them to one before it looks at the function.
_MIXED: Final = (
    "+",
    "*",
    "/",
    "%",
    "==",
    "<",
    "<=>",
    "greatest",
    "least",
    "coalesce",
    "in",
    "power",
    "nullif",
    "&",
    "pmod",
    "div",
    "try_add",
    "try_divide",
    "concat",
)


def mixed() -> dict[Signature, list[Case]]:
    """What the translator takes of functions over two types, by the types."""
    null = literal(pb.Expression.Literal(null=pb.DataType(null=pb.DataType.NULL())))
    kinds = [*HOSTILE, Decimal(5, 2), Decimal(12, 2)]
    found: dict[Signature, list[Case]] = {}
    for takes in product(kinds, kinds):
        one, other = column("a0"), column("a1")
        expressions = [call(name, one, other) for name in _MIXED]
        expressions += [
            call("when", call("isnull", one), other, one),
            call("if", call("isnull", other), one, null),
        ]
        cases = [case for case in map(partial(_taken, takes), expressions) if case is not None]
        if cases:
            found[takes, False] = cases
    return found


def _taken(takes: tuple[SparkType, ...], expression: pb.Expression) -> Case | None:
    case = Case(Line("mixed", takes, takes[0], "{0}"), expression)
    try:
        return replace(case, line=replace(case.line, gives=case.typed().type))
    except Unproven:
        return None
