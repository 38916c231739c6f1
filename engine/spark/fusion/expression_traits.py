"""What is known of an expression before it is moved into another plan. Pure.

An expression in SQL text is judged by the functions that the text calls, and by its words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.spark.plans.clocks import BARE_CLOCKS
from engine.spark.plans.trees import children, counts_rows
from engine.spark.text.check import inspect_expression
from engine.spark.text.functions import FunctionRule, classify
from engine.spark.text.hidden import fold
from engine.spark.text.lexer import lex


@dataclass(frozen=True, slots=True)
class ExpressionTraits:
    """Properties of an expression; each is True if any part of it has it, or may have it.

    Attributes:
        aggregates: it sums up rows, outside of windows.
        windows: it looks at other rows through a window.
        generators: it makes rows.
        stars: it says "all columns", or columns by a pattern; `count(*)` does not count.
        random: equal rows can give different values, from run to run or from place to place.
        ordered: the order in which rows arrive can change its value.
        foreign: it holds a query of its own, or what nobody has looked at.
        text: it holds SQL text, which is never rewritten.
    """

    aggregates: bool = False
    windows: bool = False
    generators: bool = False
    stars: bool = False
    random: bool = False
    ordered: bool = False
    foreign: bool = False
    text: bool = False

    def __or__(self, other: ExpressionTraits) -> ExpressionTraits:
        return ExpressionTraits(
            **{field.name: getattr(self, field.name) or getattr(other, field.name) for field in fields(self)}
        )


def inspect(*parts: Message) -> ExpressionTraits:
    """The traits of expressions, or of all expressions in messages, taken together."""
    found = ExpressionTraits()
    for part in parts:
        for trait in _traits(part):
            found |= trait
    return found


def _traits(part: Message) -> Iterator[ExpressionTraits]:
    work: list[tuple[Message, bool]] = [(part, False)]  # a message, and whether a window is around it
    while work:
        here, windowed = work.pop()
        match here:
            case pb.Expression.Window():
                yield ExpressionTraits(windows=True)
                work.append((here.window_function, True))
                work += [(part, False) for part in (*here.partition_spec, *here.order_spec, here.frame_spec)]
                continue
            case pb.Expression():
                work += [(part, windowed) for part in children(here)]
                continue
            case pb.Expression.UnresolvedFunction() | pb.CallFunction():
                yield _of_rule(classify(_NAMES.get(here.function_name, here.function_name)), windowed)
                if counts_rows(here):
                    continue
            case pb.Expression.UnresolvedStar() | pb.Expression.UnresolvedRegex():
                yield ExpressionTraits(stars=True)
            case pb.Expression.UnresolvedAttribute():
                yield ExpressionTraits(random=fold(here.unparsed_identifier.strip("` ")) in BARE_CLOCKS)
            case pb.Expression.ExpressionString():
                yield _of_text(here.expression)
            case pb.SubqueryExpression() | pb.Expression.DirectShufflePartitionID():
                yield ExpressionTraits(foreign=True)
        work += [(part, False) for part in children(here)]


def _of_text(text: str) -> ExpressionTraits:
    checked = inspect_expression(text)
    lexemes = lex(text)
    words = {lexeme.upper for lexeme in lexemes}
    clocks = any(fold(lexeme.name) in BARE_CLOCKS for lexeme in lexemes)
    found = ExpressionTraits(text=True, stars=checked.stars, windows="OVER" in words, random=clocks)
    for name in checked.functions:
        found |= _of_rule(classify(name), False)
    return found


def _of_rule(rule: FunctionRule, windowed: bool) -> ExpressionTraits:
    return ExpressionTraits(
        aggregates=rule.kind == "aggregate" and not windowed,
        windows=rule.kind == "window",
        generators=rule.kind == "generator",
        random=not rule.deterministic,
        ordered=rule.order_sensitive,
        foreign=not rule.allowed,
    )


# Operators that plans call by a name which is not in the table of functions.
_NAMES: Final = {
    "isNull": "isnull",
    "isNotNull": "isnotnull",
    "isNaN": "isnan",
    "startsWith": "startswith",
    "endsWith": "endswith",
    "==": "=",
}
