"""The names that Spark gives to columns of SQL text in which functions of the author are called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from engine.errors import PlanRefused
from engine.spark.functions.find import refused
from engine.spark.functions.text_calls import Functions, closing, depths, is_call, parts, take_keyword
from engine.spark.text.lexer import Lexeme
from engine.spark.text.words import CONSTANTS, RESERVED, word_set

# A text that is written in the name of a column as it is.
_PLAIN_TEXT: Final = re.compile(r"'([A-Za-z0-9_ ]*)'")
# What is written in a column's name as it is in text, but in small letters.
_AGGREGATES: Final = word_set("SUM AVG MIN MAX COUNT STDDEV VARIANCE MEDIAN")
_OPERATORS: Final = word_set("+ - * /")


def column_name(lexemes: Sequence[Lexeme], functions: Functions) -> str:
    """The name that Spark gives to a column of calls, aggregates of them, and an operator between two.

    Args:
        lexemes: what the column is made of.
        functions: those that may be called.

    Raises:
        PlanRefused: it is not known for sure.
    """
    if len(lexemes) == 1 and (name := _of_one(lexemes[0])) is not None:
        return name
    operators = [
        at
        for at, (one, depth) in enumerate(zip(lexemes, depths(lexemes), strict=True))
        if one.upper in _OPERATORS and not depth
    ]
    if len(operators) == 1 and 0 < operators[0] < len(lexemes) - 1:
        [at] = operators
        left, right = column_name(lexemes[:at], functions), column_name(lexemes[at + 1 :], functions)
        return f"({left} {lexemes[at].text} {right})"
    if len(lexemes) < 3 or lexemes[1].upper != "(" or closing(lexemes, 1) != len(lexemes) - 1:
        raise _unknown()
    return _of_call(lexemes, functions)


def _of_one(lexeme: Lexeme) -> str | None:
    """The name of a column, a number or a text, as it is written; None if Spark may write another."""
    if lexeme.kind == "word" and (lexeme.text.isdecimal() or lexeme.upper not in RESERVED | CONSTANTS):
        return lexeme.text
    if lexeme.kind == "number" and lexeme.text.isdecimal():
        return lexeme.text
    text = _PLAIN_TEXT.fullmatch(lexeme.text)
    return text[1] if text else None


def _of_call(lexemes: Sequence[Lexeme], functions: Functions) -> str:
    """The name of a call that is all of a column."""
    inside = lexemes[2:-1]
    arguments = [inside[start:stop] for start, stop in parts(inside, 0, len(inside))]
    if is_call(lexemes, 0, functions):
        name = functions[lexemes[0].name.lower()].function_name
    elif lexemes[0].upper in _AGGREGATES and len(arguments) == 1:
        name = lexemes[0].text.lower()
        if name == "count" and [one.text for one in inside] == ["*"]:
            return "count(1)"
    else:
        raise _unknown()
    return f"{name}({', '.join(_of_argument(one, functions) for one in arguments)})"


def _of_argument(lexemes: Sequence[Lexeme], functions: Functions) -> str:
    keyword, argument = take_keyword(lexemes)
    return (f"{keyword} => " if keyword else "") + column_name(argument, functions)


def _unknown() -> PlanRefused:
    return refused("in the text of a column without a name", "name the column with AS")
