"""What is known of the types of columns before a query runs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.frames.build import literal
from engine.plans.trees import walk

_FLOATS: Final = ("float", "double")
_ARITHMETIC: Final = ("+", "-", "*", "/", "%", "negative", "abs")


@dataclass(frozen=True, slots=True)
class Types:
    """Types of the frame's columns, for expressions over unchanged columns.

    Attributes:
        floats: names of the columns of floating numbers, in small letters.
        collated: whether text may be compared by a collation.
    """

    floats: frozenset[str] = frozenset()
    collated: bool = False

    negative_zero = literal(pb.Expression.Literal(string="-0.0"))

    @staticmethod
    def text(x: pb.Expression) -> pb.Expression:
        """A value as text, which tells -0.0 from 0.0."""
        return pb.Expression(cast=pb.Expression.Cast(expr=x, type=pb.DataType(string=pb.DataType.String())))

    def floating(self, x: pb.Expression) -> bool:
        """Whether an expression is known to be a floating number."""
        match x.WhichOneof("expr_type"):
            case "unresolved_attribute":
                return x.unresolved_attribute.unparsed_identifier.strip("`").lower() in self.floats
            case "cast":
                return x.cast.type.WhichOneof("kind") in _FLOATS or x.cast.type_str.lower() in _FLOATS
            case "literal":
                return x.literal.WhichOneof("literal_type") in _FLOATS
            case "unresolved_function":
                call = x.unresolved_function
                return call.function_name in _ARITHMETIC and any(map(self.floating, call.arguments))
        return False


def types_of(schema: pb.DataType | None, steps: Sequence[pb.Relation], aggregate: pb.Relation) -> Types:
    """The types of the columns that an aggregate reads.

    Args:
        schema: that of the frame, if known.
        steps: below the aggregate; what changes columns makes them unknown.
        aggregate: the aggregate itself.
    """
    collated = any(map(_collates, (*steps, aggregate, *([schema] if schema else ()))))
    if schema is None or any(step.WhichOneof("rel_type") not in ("filter", "hint") for step in steps):
        return Types(collated=collated)
    fields = schema.struct.fields
    names = (field.name.lower() for field in fields if field.data_type.WhichOneof("kind") in _FLOATS)
    return Types(frozenset(names), collated)


def _collates(message: pb.Relation | pb.DataType) -> bool:
    for here in walk(message):
        match here.DESCRIPTOR.name:
            case "String" if here.DESCRIPTOR.full_name == "spark.connect.DataType.String":
                if here.collation not in ("", "UTF8_BINARY"):
                    return True
            case "UnresolvedFunction" | "CallFunction" if here.function_name.lower() == "collate":
                return True
            case "Cast" if "collate" in here.type_str.lower():
                return True
            case "ExpressionString" if "collate" in here.expression.lower():
                return True
    return False
