"""Small builders of Spark Connect messages, for the plans that the engine itself makes. Pure.

Chains of `and` and `or` are built as balanced trees: protobuf and the backends bound how deep a message
may nest. `sql` is only for text whose every name is one of the engine's own; names that
come from data or callers go through `column`, and values through literals.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyspark.sql.connect.proto as pb

from engine.spark.plans.days import exact

Literal = pb.Expression.Literal


def column(*parts: str) -> pb.Expression:
    """A column, or a field below it, by its exact name parts."""
    quoted = ".".join("`" + part.replace("`", "``") + "`" for part in parts)
    return pb.Expression(unresolved_attribute=pb.Expression.UnresolvedAttribute(unparsed_identifier=quoted))


def literal(value: pb.Expression.Literal) -> pb.Expression:
    """A typed literal."""
    return exact(pb.Expression(literal=value))


def literal_of(kind: str, value: object) -> pb.Expression.Literal:
    """The literal whose field is called so: "double", "timestamp"."""
    made = Literal()
    setattr(made, kind, value)
    return made


def long(value: int) -> pb.Expression:
    """A BIGINT literal."""
    return literal(Literal(long=value))


def to_long(expression: pb.Expression) -> pb.Expression:
    """An expression as BIGINT."""
    return pb.Expression(cast=pb.Expression.Cast(expr=expression, type=pb.DataType(long=pb.DataType.Long())))


def sql(text: str) -> pb.Expression:
    """An expression in SQL text: the engine's own, or checked."""
    return pb.Expression(expression_string=pb.Expression.ExpressionString(expression=text))


def call(name: str, *arguments: pb.Expression) -> pb.Expression:
    """A call of a built-in function or operator."""
    return pb.Expression(
        unresolved_function=pb.Expression.UnresolvedFunction(function_name=name, arguments=arguments)
    )


def named(expression: pb.Expression, name: str) -> pb.Expression:
    """An expression with a column name of its own."""
    return pb.Expression(alias=pb.Expression.Alias(expr=expression, name=[name]))


def all_of(conditions: Sequence[pb.Expression]) -> pb.Expression:
    """The conjunction of at least one condition."""
    return _tree("and", conditions)


def any_of(conditions: Sequence[pb.Expression]) -> pb.Expression:
    """The disjunction of at least one condition."""
    return _tree("or", conditions)


def case(branches: Sequence[tuple[pb.Expression, pb.Expression]], otherwise: pb.Expression) -> pb.Expression:
    """The value of the first branch whose condition is true."""
    if not branches:
        return otherwise
    return call("when", *(part for branch in branches for part in branch), otherwise)


def filtered(relation: pb.Relation, condition: pb.Expression | None) -> pb.Relation:
    """The rows for which a condition is true; all of them if there is none."""
    if condition is None:
        return relation
    return pb.Relation(filter=pb.Filter(input=relation, condition=condition))


def limited(relation: pb.Relation, most: int) -> pb.Relation:
    """At most so many of the rows, whichever."""
    return pb.Relation(limit=pb.Limit(input=relation, limit=most))


def projected(relation: pb.Relation, expressions: Sequence[pb.Expression]) -> pb.Relation:
    """One row of expressions for each row."""
    return pb.Relation(project=pb.Project(input=relation, expressions=expressions))


def aggregated(
    relation: pb.Relation, keys: Sequence[pb.Expression], aggregates: Sequence[pb.Expression]
) -> pb.Relation:
    """One row for each combination of keys; the keys' columns come first. One row at all without keys."""
    return pb.Relation(
        aggregate=pb.Aggregate(
            input=relation,
            group_type=pb.Aggregate.GROUP_TYPE_GROUPBY,
            grouping_expressions=keys,
            aggregate_expressions=aggregates,
        )
    )


def _tree(operator: str, conditions: Sequence[pb.Expression]) -> pb.Expression:
    if len(conditions) == 1:
        return conditions[0]
    half = len(conditions) // 2
    return call(operator, _tree(operator, conditions[:half]), _tree(operator, conditions[half:]))
