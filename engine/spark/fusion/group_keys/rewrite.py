"""Expressions with "all columns" spelled out, and with the keys among what windows part rows by. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import pyspark.sql.connect.proto as pb
from google.protobuf.internal.containers import RepeatedCompositeFieldContainer
from google.protobuf.message import Message

from engine.frames.build import column, named
from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.group_keys.content import content_of
from engine.spark.fusion.group_keys.state import StepPlace, same_columns
from engine.spark.fusion.group_keys.windows import part_by_keys
from engine.spark.plans.trees import Call, children, copy, counts_rows
from sandbox.contract.settings import PLACEHOLDER

_M = TypeVar("_M", bound=Message)
_Part = TypeVar("_Part", bound=Message)


def rewritten(message: _M, place: StepPlace) -> _M:
    """A copy of an expression, or of a message that holds some, for rows with key columns.

    Raises:
        NotFusable: it cannot be told what it means there.
    """
    result = copy(message)
    work: list[Message] = [result]
    while work:
        here = work.pop()
        match here:
            case pb.Expression.Window():
                part_by_keys(here, place.keys)
            case pb.Expression.UnresolvedFunction() | pb.CallFunction():
                if counts_rows(here):
                    continue
                _spell_arguments(here, place)
            case pb.Expression.UnresolvedStar():
                _check_struct_star(here, place)
            case pb.Expression.UnresolvedRegex():
                raise NotFusable("columns by a pattern")
            case pb.Expression.ExpressionString():
                _check_text(here)
        work += children(here)
    return result


def selected(expressions: Iterable[pb.Expression], place: StepPlace, before: int = 0) -> list[pb.Expression]:
    """The items of a select list, each under the name that it has without key columns.

    Args:
        expressions: the items.
        place: of the step.
        before: how many columns come before them in the step's output.

    Raises:
        NotFusable: it cannot be told what they mean over rows with key columns.
    """
    result: list[pb.Expression] = []
    unnamed: list[int] = []
    for expression in expressions:
        if is_star(expression):
            result += _columns(expression.unresolved_star, place)
            continue
        item = rewritten(expression, place)
        # Columns are named for their expressions.
        if item != expression and expression.WhichOneof("expr_type") != "alias":
            unnamed.append(len(result))
        result.append(item)
    if unnamed:
        names = place.columns_of(place.index + 1)
        if len(names) != before + len(result):
            raise NotFusable("an item without a name, beside one that makes several columns")
        for index in unnamed:
            result[index] = named(result[index], names[before + index])
    return result


def is_star(expression: pb.Expression) -> bool:
    """Whether an expression is "all columns" of a DataFrame and no more."""
    match expression.WhichOneof("expr_type"):
        case "unresolved_star":
            return not expression.unresolved_star.HasField("unparsed_target")
        case "expression_string":
            return bool(expression.expression_string.expression.strip() == "*")
    return False


def extend(target: RepeatedCompositeFieldContainer[_Part], parts: Iterable[_Part]) -> None:
    """Append to a repeated field; its own `extend` does not take deeply nested messages."""
    for part in parts:
        target.add().CopyFrom(part)


def columns_named(names: Sequence[str]) -> list[pb.Expression]:
    """Columns by their exact names."""
    return [column(name) for name in names]


def _columns(star: pb.Expression.UnresolvedStar, place: StepPlace) -> list[pb.Expression]:
    if star.HasField("plan_id") and not all(same_columns(step) for step in place.since(star.plan_id)):
        raise NotFusable("all columns of an earlier DataFrame")
    return columns_named(place.columns())


def _spell_arguments(call: Call, place: StepPlace) -> None:
    arguments = [copy(argument) for argument in call.arguments]
    if not any(is_star(argument) for argument in arguments):
        return
    if call.function_name.lower() == "count":
        raise NotFusable("a count of distinct rows by a star")
    del call.arguments[:]
    for argument in arguments:
        extend(call.arguments, _columns(argument.unresolved_star, place) if is_star(argument) else [argument])


def _check_struct_star(star: pb.Expression.UnresolvedStar, place: StepPlace) -> None:
    """The fields of a struct; but names of relations come before those of columns."""
    first = star.unparsed_target.removesuffix(".*").split(".")[0].strip("` ").lower()
    aliases = {step.subquery_alias.alias.lower() for step in place.chain.steps}
    if not first or first == PLACEHOLDER or first in aliases or "`" in star.unparsed_target:
        raise NotFusable("all columns of an alias")


def _check_text(text: pb.Expression.ExpressionString) -> None:
    if content_of(pb.Expression(expression_string=text)).traits.stars:
        raise NotFusable("all columns in SQL text")
