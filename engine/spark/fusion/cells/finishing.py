"""Expressions around aggregates: the aggregates, and what is computed of their values. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.frames.build import column
from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.expression_traits import inspect
from engine.spark.plans.names import RESERVED_PREFIX
from engine.spark.plans.trees import Call, children, copy, walk
from engine.spark.text.functions import classify

_CALLS: Final = ("unresolved_function", "call_function")


def value_name(index: int) -> str:
    """The column that holds the values of an aggregate."""
    return f"{RESERVED_PREFIX}a{index}"


def take_apart(expression: pb.Expression, aggregate: Callable[[Call], int]) -> pb.Expression:
    """Replace each aggregate by the column of its values.

    Args:
        expression: a column of a global aggregate.
        aggregate: gives the number of an aggregate call.

    Raises:
        NotFusable: something is left that needs the rows.
    """
    result = copy(expression)
    work: list[Message] = [result]
    while work:
        here = work.pop()
        call = aggregate_call(here) if isinstance(here, pb.Expression) else None
        if call is None:
            work += reversed(children(here))
        else:
            here.CopyFrom(column(value_name(aggregate(call))))
    _check_rest(result)
    return result


def aggregate_call(expression: pb.Expression) -> Call | None:
    """The call, if an expression is one of an aggregate function."""
    kind = expression.WhichOneof("expr_type")
    if kind not in _CALLS:
        return None
    call: Call = getattr(expression, str(kind))
    return call if classify(call.function_name).kind == "aggregate" else None


def without_alias(expression: pb.Expression) -> pb.Expression:
    """What an alias of one name stands for."""
    while expression.WhichOneof("expr_type") == "alias" and len(expression.alias.name) == 1:
        expression = expression.alias.expr
    return expression


def _check_rest(expression: pb.Expression) -> None:
    traits = inspect(expression)
    if traits.text or traits.stars:
        raise NotFusable("SQL text or all columns beside aggregates")
    if traits.aggregates or traits.windows or traits.generators or traits.random or traits.foreign:
        raise NotFusable("windows, generators or random functions beside aggregates")
    for here in walk(expression):
        if not isinstance(here, pb.Expression.UnresolvedAttribute):
            continue
        if not here.unparsed_identifier.startswith(f"`{RESERVED_PREFIX}"):
            raise NotFusable("a column beside aggregates")
