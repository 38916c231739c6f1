"""Calls of functions of the author in SQL text, lexeme by lexeme."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final, TypeAlias

import pyspark.sql.connect.proto as pb

from engine.errors import PlanRefused
from engine.spark.text.lexer import Lexeme

# Functions by their names, in small letters.
Functions: TypeAlias = Mapping[str, pb.CommonInlineUserDefinedFunction]

_BRACKETS: Final = {"(": 1, "[": 1, ")": -1, "]": -1}


def has_calls(lexemes: Sequence[Lexeme], functions: Functions) -> bool:
    """Whether one of the functions is called."""
    return any(is_call(lexemes, place, functions) for place in range(len(lexemes)))


def is_call(lexemes: Sequence[Lexeme], place: int, functions: Functions) -> bool:
    """Whether a call of one of the functions begins at a place."""
    here = lexemes[place]
    return (
        here.kind in ("word", "quoted")
        and here.name.lower() in functions
        and place + 1 < len(lexemes)
        and lexemes[place + 1].upper == "("
        and (place == 0 or lexemes[place - 1].upper != ".")
    )


def depths(lexemes: Iterable[Lexeme]) -> Iterator[int]:
    """How many brackets are open after each lexeme."""
    return accumulate(_BRACKETS.get(one.upper, 0) for one in lexemes)


def closing(lexemes: Sequence[Lexeme], place: int) -> int:
    """Where the bracket at a place closes.

    Raises:
        PlanRefused: the bracket is never closed.
    """
    for here, depth in enumerate(depths(lexemes[place:]), place):
        if not depth:
            return here
    raise PlanRefused("sql-syntax", "a bracket in the SQL text is not closed", "close it")


def parts(lexemes: Sequence[Lexeme], start: int, end: int) -> list[tuple[int, int]]:
    """The parts between commas of a stretch of lexemes."""
    if start >= end:
        return []
    found, begin = list[tuple[int, int]](), start
    for place, depth in enumerate(depths(lexemes[start:end]), start):
        if lexemes[place].upper == "," and not depth:
            found.append((begin, place))
            begin = place + 1
    return [*found, (begin, end)]


def take_keyword(lexemes: Sequence[Lexeme]) -> tuple[str, Sequence[Lexeme]]:
    """The keyword by which an argument is given, "" for none, and the argument."""
    if len(lexemes) > 2 and lexemes[0].kind == "word" and lexemes[1].upper == "=>":
        return lexemes[0].text, lexemes[2:]
    return "", lexemes


def outside(lexemes: Sequence[Lexeme]) -> list[Lexeme]:
    """Those that stand in no brackets."""
    return [one for one, depth in zip(lexemes, depths(lexemes), strict=True) if not depth]
