"""Expressions of the engine's own plans as SQL. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Final

import pyspark.sql.connect.proto as pb
from sqlglot import exp, parse_one

from engine.writing.dialects import Dialect, Writer, anonymous, cast, parenthesised
from engine.writing.literals import Untranslatable, write_literal

Condition = Callable[[str], exp.Expr]

_PARTS: Final = re.compile(r"`((?:[^`]|``)*)`")
# The engine's own SQL texts: `engine.frames.counts` names its columns by a letter and a number.
_OWN_NAME: Final = r"[a-z]\d*"
_OWN_TEXTS: Final = re.compile(
    rf"(?:sum|max)\({_OWN_NAME}\)"
    rf"|sum\(n\) OVER \(PARTITION BY {_OWN_NAME}\)"
    rf"|dense_rank\(\) OVER \(ORDER BY {_OWN_NAME} (?:DESC|ASC), {_OWN_NAME} ASC NULLS LAST\)"
    rf"|CASE WHEN {_OWN_NAME} <= \d+ THEN {_OWN_NAME}(?: ELSE 0)? END"
)

_BINARY: Final[MappingProxyType[str, type[exp.Binary]]] = MappingProxyType(
    {
        "and": exp.And, "or": exp.Or, "==": exp.EQ, "<": exp.LT, ">=": exp.GTE,
        "+": exp.Add, "-": exp.Sub, "*": exp.Mul,
    }
)  # fmt: skip


def _when(parts: Sequence[exp.Expr]) -> exp.Expr:
    branches = [exp.If(this=parts[place], true=parts[place + 1]) for place in range(0, len(parts) - 1, 2)]
    return exp.Case(ifs=branches, default=parts[-1] if len(parts) % 2 else None)


def _isnull(parts: Sequence[exp.Expr]) -> exp.Expr:
    return parenthesised(exp.Is, parts[0], exp.Null())


_SAME: Final[MappingProxyType[str, Writer]] = MappingProxyType(
    {
        "when": _when,
        "not": lambda parts: exp.Paren(this=exp.Not(this=parts[0])),
        "isnull": _isnull,
        "isnotnull": lambda parts: exp.Paren(this=exp.Not(this=_isnull(parts))),
        "in": lambda parts: exp.Paren(this=exp.In(this=parts[0], expressions=list(parts[1:]))),
        "coalesce": lambda parts: anonymous("COALESCE", *parts),
        "count": lambda parts: anonymous("COUNT", *parts),
        "count_if": lambda parts: anonymous("COUNT_IF", *parts),
    }
)


def write_expression(expression: pb.Expression, dialect: Dialect, condition: Condition) -> exp.Expr:
    """An expression.

    Args:
        expression: of the engine's own making.
        dialect: to write.
        condition: checks the text of a segment's condition once more, and gives it in the dialect.

    Raises:
        Untranslatable: it is none of the engine's own making.
        PlanRefused: as `condition`.
    """
    return _Writer(dialect, condition).write(expression)


class _Writer:
    """Writes expressions in one dialect."""

    def __init__(self, dialect: Dialect, condition: Condition) -> None:
        self._dialect = dialect
        self._condition = condition

    def write(self, expression: pb.Expression) -> exp.Expr:
        kind = expression.WhichOneof("expr_type")
        if kind == "unresolved_attribute":
            return _column(expression.unresolved_attribute.unparsed_identifier)
        if kind == "literal":
            return write_literal(expression.literal, self._dialect)
        if kind == "unresolved_function":
            return self._call(expression.unresolved_function)
        if kind == "cast":
            return self._cast(expression.cast)
        if kind == "expression_string":
            return self._text(expression.expression_string.expression)
        if kind == "alias" and len(expression.alias.name) == 1:
            return exp.alias_(self.write(expression.alias.expr), expression.alias.name[0], quoted=True)
        raise Untranslatable(f"an expression of kind {kind}")

    def _call(self, call: pb.Expression.UnresolvedFunction) -> exp.Expr:
        parts = [self.write(argument) for argument in call.arguments]
        name = call.function_name
        if name in _BINARY and len(parts) == 2:
            return parenthesised(_BINARY[name], *parts)
        writer = _SAME.get(name) or self._dialect.functions.get(name)
        if writer is None:
            raise Untranslatable(f"the function {name}")
        return writer(parts)

    def _cast(self, given: pb.Expression.Cast) -> exp.Expr:
        name = self._dialect.types.get(str(given.type.WhichOneof("kind")))
        if name is None:
            raise Untranslatable("a cast to another type")
        return cast(self.write(given.expr), name)

    def _text(self, text: str) -> exp.Expr:
        if text == "*":
            return exp.Star()
        if _OWN_TEXTS.fullmatch(text):
            tree = parse_one(text, dialect="duckdb")
            for identifier in tree.find_all(exp.Identifier):
                identifier.set("quoted", True)
            # Sums of counts are wider than counts, in both dialects.
            return cast(tree, self._dialect.types["long"]) if text.startswith("sum(") else tree
        return exp.Paren(this=self._condition(text))


def _column(text: str) -> exp.Expr:
    parts = [part.replace("``", "`") for part in _PARTS.findall(text)]
    if len(parts) != 1:
        raise Untranslatable("a field below a column")
    return exp.column(exp.to_identifier(parts[0], quoted=True))
