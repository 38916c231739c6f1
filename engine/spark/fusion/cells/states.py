"""Merge states: the aggregate expressions that are asked for each cell. Pure.

Numbers become doubles by multiplication, which changes no value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.frames.build import all_of, call, case, literal, long

ONE: Final = literal(pb.Expression.Literal(double=1.0))
NULL: Final = literal(
    pb.Expression.Literal(null=pb.DataType(null=pb.DataType.NULL()))  # takes the type of the other branches
)


@dataclass(slots=True)
class States:
    """Collects states; equal ones, by their bytes, are asked once."""

    expressions: list[pb.Expression] = field(default_factory=list)
    _places: dict[bytes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows()

    def ask(self, function: str, *arguments: pb.Expression) -> int:
        """The place of a state: an aggregate function of row-wise expressions."""
        expression = call(function, *arguments)
        key = expression.SerializeToString(deterministic=True)
        place = self._places.setdefault(key, len(self.expressions))
        if place == len(self.expressions):
            self.expressions.append(expression)
        return place

    def rows(self) -> int:
        """The place of the number of rows: always the first."""
        return self.ask("count", long(1))


def doubled(x: pb.Expression) -> pb.Expression:
    """A number as a double. Not for what is no number: that fails, as it would in the aggregate."""
    return call("*", x, ONE)


def product(x: pb.Expression, y: pb.Expression) -> pb.Expression:
    """The product of two expressions."""
    return call("*", x, y)


def where(condition: pb.Expression, x: pb.Expression) -> pb.Expression:
    """The value of `x` where a condition is true, otherwise null; `x` is not evaluated then."""
    return case([(condition, x)], NULL)


def where_present(x: pb.Expression, other: pb.Expression) -> pb.Expression:
    """The value of `x` where `other` is not null."""
    return where(call("isNotNull", other), x)


def state_under(state: pb.Expression, condition: pb.Expression) -> pb.Expression:
    """A state, computed for the rows alone for which a condition is true."""
    function = state.unresolved_function
    if function.function_name == "count" and all(map(is_value, function.arguments)):
        return call("count_if", condition)
    return call(function.function_name, *(where(condition, argument) for argument in function.arguments))


def conjunction(conditions: list[pb.Expression]) -> pb.Expression | None:
    """All of some conditions; None for none."""
    return all_of(conditions) if conditions else None


def is_value(expression: pb.Expression) -> bool:
    """Whether an expression is a literal that is not null."""
    return expression.HasField("literal") and not expression.literal.HasField("null")
