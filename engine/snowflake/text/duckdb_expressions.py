"""Writing names, values and operators of a checked tree, in DuckDB's dialect. Trusted side, pure.

Division by zero is an error, casts to whole numbers round halves away from zero, texts of numbers are
Snowflake's.
"""

from __future__ import annotations

import re

from sqlglot import exp

from engine.errors import PlanRefused
from engine.snowflake.text.duckdb_calls import as_text
from engine.snowflake.text.emit import Writer
from engine.snowflake.text.expression_writer import OPERATORS, Parts
from engine.snowflake.text.types import duckdb_type


class DuckdbExpressions(Writer):
    """Writes names, values and operators for DuckDB."""

    def __init__(self, frame: str | None = None, *, baseline: str | None = None) -> None:
        super().__init__(frame, baseline=baseline)
        self._spelled: dict[str, str] = {}

    def name(self, name: str) -> str:
        """A name in quotes. DuckDB takes names for the same that differ in capitals only; Snowflake does not.

        Raises:
            PlanRefused: if the query has both.
        """
        spelled = self._spelled.setdefault(name.casefold(), name)
        if spelled != name:
            raise lacks(f"a query with the names {spelled[:60]!r} and {name[:60]!r}")
        return super().name(name)

    def text(self, value: str) -> str:
        """A text in quotes; a backslash means itself."""
        return "'" + value.replace("'", "''") + "'"

    def type(self, node: exp.Expr) -> str:
        """A type of a cast."""
        name = duckdb_type(node)
        if not name:
            raise lacks(f"the type {Writer.type(self, node)}")
        return name

    def binary(self, node: exp.Expr, operator: str) -> Parts:
        """An operator; division fails at zero, and || takes texts."""
        kind, right = type(node), node.args["expression"]
        if kind is exp.RegexpLike:
            yield from ("regexp_full_match(", node.this, ", ", right, ")")
        elif kind is exp.DPipe:
            yield "("
            yield from as_text(node.this)
            yield " || "
            yield from as_text(right)
            yield ")"
        elif kind in (exp.Div, exp.Mod) and not is_number(right):
            yield "("
            yield node.this
            yield f" {operator} CASE WHEN "
            yield right
            yield " = 0 THEN error('Division by zero') ELSE "
            yield right
            yield " END)"
        elif kind in (exp.Add, exp.Sub, exp.Mul) and is_whole(node.this) and is_whole(right):
            # Two constants would be computed in 32 bits.
            yield "(CAST("
            yield node.this
            yield f" AS BIGINT) {OPERATORS[kind]} "
            yield right
            yield ")"
        else:
            yield from super().binary(node, OPERATORS[kind])

    def _write_cast(self, node: exp.Expr) -> Parts:
        """A cast; whole numbers of others are rounded by way of DECIMAL, and texts are as Snowflake's."""
        name, inner = self.type(node.args["to"]), node.this
        call = "TRY_CAST(" if isinstance(node, exp.TryCast) else "CAST("
        if name == "VARCHAR" and call == "CAST(":
            if any(0 < length < 1 << 24 for length in _lengths(node.args["to"])):
                raise lacks("a cast to a text of a given length")
            yield from as_text(inner)
        elif name == "BIGINT" and not (isinstance(inner, exp.Literal) and str(inner.this).isdecimal()):
            yield f"CAST({call}"
            yield inner
            yield " AS DECIMAL(38, 0)) AS BIGINT)"
        else:
            yield call
            yield inner
            yield f" AS {name})"

    def _write_case(self, node: exp.Expr) -> Parts:
        """A choice. Of constants alone DuckDB would make one of 32 bits, which overflows."""
        values = _values(node)
        for part in super()._write_case(node):
            if isinstance(part, str) or not any(part is one for one in values):
                yield part
            else:
                yield from wide(part)

    def _write_trycast(self, node: exp.Expr) -> Parts:
        yield from self._write_cast(node)

    def _write_bracket(self, _node: exp.Expr) -> Parts:
        raise lacks("an item of an array or an object")

    def _write_interval(self, node: exp.Expr) -> Parts:
        steps = [f"INTERVAL '{step}'" for step in node.this.this.split(", ")]
        yield steps[0] if len(steps) == 1 else f"({' + '.join(steps)})"


def is_number(node: exp.Expr) -> bool:
    """Whether it is a constant other than zero, as Snowpark writes it or plain."""
    while type(node) in (exp.Cast, exp.Neg):
        node = node.this
    return (
        isinstance(node, exp.Literal)
        and not node.args.get("is_string")
        and bool(re.search("[1-9]", node.this))
    )


def is_whole(node: exp.Expr) -> bool:
    """Whether it is a whole number, written without a cast."""
    while isinstance(node, exp.Neg | exp.Paren):
        node = node.this
    return isinstance(node, exp.Literal) and not node.args.get("is_string") and str(node.this).isdecimal()


def wide(node: exp.Expr) -> Parts:
    """A value; a constant that is a whole number in 64 bits."""
    if not is_whole(node):
        yield node
        return
    yield "CAST("
    yield node
    yield " AS BIGINT)"


def _values(case: exp.Expr) -> list[exp.Expr]:
    """What a CASE chooses from."""
    return [*(branch.args["true"] for branch in case.args["ifs"]), case.args.get("default")]


def _lengths(type_node: exp.Expr) -> tuple[int, ...]:
    return tuple(int(parameter.this.name) for parameter in type_node.expressions)


def lacks(what: str) -> PlanRefused:
    """The refusal of something that DuckDB has no equal of."""
    return PlanRefused(
        "function-refused",
        f"{what} is not open on the duckdb backend: it has no equal there that was compared with Snowflake",
        "use another function, compute it in Python, or run on the snowflake backend",
    )
