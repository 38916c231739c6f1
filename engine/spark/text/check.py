"""Checking SQL text that comes from a guest. Trusted side, pure: text in, text or a refusal out.

The text that is returned is the author's own, lexeme by lexeme, without comments, hints and needless
blanks: the backend derives values, types and column names from it exactly as it would from the original.
What it means was read by two readers that share no code, and that must agree: a strict one of the part of
Spark's grammar that only computes, and sqlglot's parser (`engine.spark.text.second_reading`).

Rejected: sending what sqlglot writes from its tree. It drops or rewrites what it takes for equal
(arguments of `percentile`, doubled quotes, typed literals, interval forms); each rewrite needs a patch,
and a changed column name breaks `row["avg(x)"]`. So its tree only says yes or no.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from engine.spark.text.expressions import ExpressionReader
from engine.spark.text.lexer import Lexeme, lex, render
from engine.spark.text.queries import QueryReader
from engine.spark.text.second_reading import confirm
from engine.spark.text.stopping import Stop, never


@dataclass(frozen=True, slots=True)
class CheckedExpression:
    """An expression that may be sent.

    Attributes:
        text: the text to send.
        functions: the functions that it calls, in small letters, sorted.
        stars: whether it says "all columns" somewhere.
    """

    text: str
    functions: tuple[str, ...]
    stars: bool


@dataclass(frozen=True, slots=True)
class CheckedQuery:
    """A query that may be sent, once its views are bound.

    Attributes:
        text: the text to send; views are spelled as in the `views` argument.
        views: the views that it reads, sorted.
        functions: the functions that it calls, in small letters, sorted.
        stars: whether it says "all columns" somewhere.
    """

    text: str
    views: tuple[str, ...]
    functions: tuple[str, ...] = ()
    stars: bool = False


def check_expression(text: str) -> str:
    """Check an expression, as in F.expr, filter("...") and selectExpr; an alias may follow it.

    Returns:
        The text to send.

    Raises:
        PlanRefused: with what is wrong and what to write instead.
    """
    return inspect_expression(text).text


def inspect_expression(text: str, *, columns: Collection[str] = (), stop: Stop = never) -> CheckedExpression:
    """Check an expression, and tell what it uses.

    Args:
        text: the expression.
        columns: names known to be columns; only these may be called like a server variable (`user`).
        stop: is asked now and then whether to go on.

    Raises:
        PlanRefused: with what is wrong and what to write instead.
        Interrupted: `stop` says so.
    """
    reader = ExpressionReader(lex(text), columns, stop)
    reader.named_expression()
    reader.finish()
    sent = render(reader.lexemes)
    confirm(sent, query=False, tables=(), functions=reader.functions, columns=columns, stop=stop)
    return CheckedExpression(sent, tuple(sorted(reader.functions)), reader.stars)


def check_query(text: str, *, views: Collection[str], stop: Stop = never) -> CheckedQuery:
    """Check a query over the guest's own views, as in spark.sql.

    Args:
        text: one SELECT or set operation, with WITH; a semicolon may end it.
        views: the names of the guest's views. Case does not matter in the text.
        stop: is asked now and then whether to go on.

    Raises:
        PlanRefused: with what is wrong and what to write instead.
        Interrupted: `stop` says so.
    """
    lexemes = lex(text)
    while len(lexemes) > 1 and lexemes[-2].upper == ";":
        lexemes = (*lexemes[:-2], lexemes[-1])
    reader = QueryReader(lexemes, views, stop)
    reader.query()
    reader.finish()
    written = list(lexemes)
    for index, view in reader.renamed.items():
        quoted = "`" + view.replace("`", "``") + "`"
        written[index] = Lexeme("quoted", quoted, lexemes[index].spaced)
    sent = render(tuple(written))
    confirm(sent, query=True, tables=reader.tables, functions=reader.functions, stop=stop)
    return CheckedQuery(sent, tuple(sorted(reader.used)), tuple(sorted(reader.functions)), reader.stars)
