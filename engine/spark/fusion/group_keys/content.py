"""What is in the expressions of a step, and whether it may be there. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.expression_traits import ExpressionTraits, inspect
from engine.spark.plans.trees import copy, walk
from engine.spark.text.check import inspect_expression
from engine.spark.text.functions import classify
from engine.spark.text.hidden import fold
from engine.spark.text.lexer import lex

# Why an expression with a trait is not carried; a rule may allow the last three.
_REASONS: Final = {
    "foreign": "a subquery, or a function that is not known",
    "random": "a function whose value changes from run to run",
    "aggregates": "an aggregate function outside of agg and select",
    "windows": "a window function outside of select and withColumn",
    "generators": "a function that makes rows, outside of select and withColumn",
}

# What a bare name may mean when no column has it.
_GROUPING_ID: Final = "grouping__id"

# Their values tell how many columns were grouped by.
_GROUPING: Final = frozenset({"grouping", "grouping_id", _GROUPING_ID})

# States that keep what came first, or as many values as there were partitions.
_SKETCH: Final = re.compile(r"sketch|^(hll|kll|theta|tuple)_")

_COUNT_STAR: Final = re.compile(r"\bcount\s*\(\s*\*\s*\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Content:
    """What is in some expressions.

    Attributes:
        traits: windows are a trait, what is in them is not; `count(*)` in SQL text is no star.
        functions: names of all functions that are called outside of windows, in small letters.
        text_windows: whether there are windows in SQL text.
    """

    traits: ExpressionTraits
    functions: frozenset[str]
    text_windows: bool = False

    @property
    def may_remove(self) -> bool:
        """Whether rows may get lost or more: Spark leaves out those whose time is null."""
        return self.traits.generators or "window" in self.functions


def content_of(*messages: Message) -> Content:
    """What is in expressions, or in messages that hold some."""
    traits, functions = ExpressionTraits(), set[str]()
    text_windows = False
    for message in messages:
        outside = copy(message)
        for here in walk(outside):
            match here:
                case pb.Expression() if here.WhichOneof("expr_type") == "window":
                    here.literal.null.SetInParent()
                    traits |= ExpressionTraits(windows=True)
                case pb.Expression.ExpressionString():
                    here.expression = _COUNT_STAR.sub("count(1)", here.expression)
            functions |= set(_names(here))
        left = inspect(outside)
        traits, text_windows = traits | left, text_windows or left.windows
    return Content(traits, frozenset(functions), text_windows)


def check_content(*messages: Message, allow: Collection[str] = ()) -> Content:
    """What is in expressions, all of which may be carried.

    Args:
        messages: expressions, or messages that hold some.
        allow: traits that may be true: "aggregates", "windows", "generators".

    Raises:
        NotFusable: something may not.
    """
    content = content_of(*messages)
    if content.text_windows:
        raise NotFusable("a window in SQL text")
    for trait, reason in _REASONS.items():
        if getattr(content.traits, trait) and trait not in allow:
            raise NotFusable(reason)
    if "session_window" in content.functions:
        raise NotFusable("session windows")
    if not content.functions.isdisjoint(_GROUPING):
        raise NotFusable("grouping_id")
    return content


def check_sketches(functions: Collection[str]) -> None:
    """Check that aggregate functions give no sketches.

    Raises:
        NotFusable: a function gives a sketch.
    """
    for name in sorted(functions):
        if classify(name).kind == "aggregate" and _SKETCH.search(name):
            raise NotFusable(f"{name}, whose value depends on how the rows are laid out")


def check_no_ordinal(expression: pb.Expression) -> None:
    """Check that an expression to group or sort by is not the number of a column.

    Raises:
        NotFusable: it is a whole number.
    """
    here = expression
    while here.WhichOneof("expr_type") == "alias":
        here = here.alias.expr
    number = here.literal.WhichOneof("literal_type") in ("byte", "short", "integer", "long")
    if number or re.fullmatch(r"[\s()+\-\d]+", here.expression_string.expression):
        raise NotFusable("columns by number")


def bare_name(expression: pb.Expression) -> str | None:
    """The name of a column, in small letters, if an expression is nothing but one name."""
    if expression.WhichOneof("expr_type") != "unresolved_attribute":
        return None
    match = re.fullmatch(r"`((?:[^`]|``)+)`|([^`.]+)", expression.unresolved_attribute.unparsed_identifier)
    if match is None:
        return None
    return (match[2] or match[1].replace("``", "`")).lower()


def _names(here: Message) -> Iterator[str]:
    match here:
        case pb.Expression.UnresolvedFunction() | pb.CallFunction():
            yield here.function_name.lower()
        case pb.Expression.UnresolvedAttribute():
            name = fold(here.unparsed_identifier.strip("` "))
            if name == _GROUPING_ID:
                yield name
        case pb.Expression.ExpressionString():
            yield from inspect_expression(here.expression).functions
            yield from (
                word for lexeme in lex(here.expression) if (word := fold(lexeme.name)) == _GROUPING_ID
            )
