"""Writing SQL from a checked tree, in DuckDB's dialect. Trusted side, pure.

Differences of meaning are closed where they are known, and refused where they were not compared. One is left
open: averages and quotients of exact numbers have all digits of a double here, six or more in Snowflake.
"""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

from engine.snowflake.text.duckdb_calls import HANDLERS, Over, any_null, as_boolean, as_text, without_defaults
from engine.snowflake.text.duckdb_expressions import DuckdbExpressions, lacks, wide
from engine.snowflake.text.duckdb_table import SAME, TEMPLATES, WHOLE_WINDOW
from engine.snowflake.text.emit import Writer
from engine.snowflake.text.expression_writer import Parts, joined
from engine.snowflake.text.node_table import QUERIES
from engine.snowflake.text.nodes import same

_HOLE: Final = re.compile(r"(\{\d+\??\}|\{\*\$?\}|\{over\}|\{any_null\})")
_ORDERED_SETS: Final = frozenset({"LISTAGG", "PERCENTILE_CONT", "PERCENTILE_DISC"})
_NULLS: Final[dict[type[exp.Expr], str]] = {exp.IgnoreNulls: " IGNORE NULLS", exp.RespectNulls: ""}


# Of whole constants alone these would be of 32 bits.
_CHOICES: Final = frozenset({"IFF", "IFNULL", "NVL", "NVL2", "REGR_VALX", "REGR_VALY", "ZEROIFNULL", "DIV0"})


class DuckdbWriter(DuckdbExpressions):
    """Writes one tree for DuckDB."""

    def _write_anonymous(self, node: exp.Expr) -> Parts:
        return self.call(node, lambda: iter(()))

    def _write_window(self, node: exp.Expr) -> Parts:
        called, nulls = node.this, ""
        if type(called) in _NULLS:
            called, nulls = called.this, _NULLS[type(called)]
        if isinstance(called, exp.WithinGroup):
            return self.ordered_set(called, lambda: self.over(node))
        if nulls:
            return self.call_over_nulls(called, nulls, node)
        return self.call(called, lambda: self.over(node))

    def _write_ignorenulls(self, _node: exp.Expr) -> Parts:
        raise lacks("IGNORE NULLS without a window")

    def _write_respectnulls(self, node: exp.Expr) -> Parts:
        yield node.this

    def _write_withingroup(self, node: exp.Expr) -> Parts:
        return self.ordered_set(node, lambda: iter(()))

    def over(self, node: exp.Expr) -> Parts:
        """A window; some calls look at all of it unless rows are given."""
        called = node.this
        while not isinstance(called, exp.Anonymous):
            called = called.this
        parts = list(super().over(node))
        if called.this in WHOLE_WINDOW and not node.args.get("spec") and node.args.get("order"):
            parts.insert(-1, " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING")
        return iter(parts)

    def call_over_nulls(self, called: exp.Expr, nulls: str, window: exp.Expr) -> Parts:
        """A call that passes nulls over; its window follows."""
        if called.this not in WHOLE_WINDOW | {"LAG", "LEAD"}:
            raise lacks(f"{called.this} IGNORE NULLS")
        yield f"{called.this}("
        yield from joined(called.expressions)
        yield f"{nulls})"
        yield from self.over(window)

    def call(self, node: exp.Expr, over: Over) -> Parts:
        """A call, by the tables."""
        name, arguments = node.this, without_defaults(node)
        distinct = bool(arguments) and isinstance(arguments[0], exp.Distinct)
        count = len(arguments[0].expressions) if distinct else len(arguments)
        for key in (f"{name}/{count}", name):
            if key in SAME and not (name == "COUNT" and count > 1):
                yield f"{name}("
                yield from joined(arguments)
                yield ")"
                yield from over()
                return
            if key in TEMPLATES:
                if distinct and "({0}){over}" not in TEMPLATES[key]:
                    raise lacks(f"{name}(DISTINCT ...)")
                yield from self._filled(TEMPLATES[key], arguments, over, name in _CHOICES)
                return
        if name == "LISTAGG":
            yield from self._listagg(node, None, over)
            return
        handler = HANDLERS.get(name)
        parts = handler(node, over) if handler is not None else None
        if parts is None:
            raise lacks(f"the function {name}, in this form" if handler else f"the function {name}")
        yield from parts

    def _filled(self, template: str, arguments: list[exp.Expr], over: Over, widens: bool = False) -> Parts:
        for part in _HOLE.split(template):
            if part == "{over}":
                yield from over()
            elif part == "{*}":
                yield from joined(arguments)
            elif part == "{*$}":
                for index, argument in enumerate(arguments):
                    yield ", " if index else ""
                    yield from as_text(argument)
            elif part == "{any_null}":
                yield from any_null(arguments)
            elif part.startswith("{") and part.endswith("?}"):
                yield from as_boolean(arguments[int(part[1:-2])])
            elif _HOLE.fullmatch(part):
                argument = arguments[int(part[1:-1])]
                yield from wide(argument) if widens else (argument,)
            else:
                yield part

    def ordered_set(self, node: exp.Expr, over: Over) -> Parts:
        """An aggregate WITHIN GROUP (ORDER BY ...)."""
        called, order = node.this, node.args["expression"]
        if called.this not in _ORDERED_SETS:
            raise lacks(f"{called.this} WITHIN GROUP")
        if called.this == "LISTAGG":
            return self._listagg(called, order, over)
        return self._percentile(called, order, over)

    def _listagg(self, node: exp.Expr, order: exp.Expr | None, over: Over) -> Parts:
        first, separator = node.expressions[0], node.expressions[1:]
        values = [first]
        if isinstance(first, exp.Distinct):
            values, separator = first.expressions[:1], first.expressions[1:]
        yield "COALESCE(string_agg(DISTINCT " if isinstance(first, exp.Distinct) else "COALESCE(string_agg("
        yield from as_text(values[0])
        yield ", "
        yield separator[0] if separator else "''"
        if order is not None and isinstance(first, exp.Distinct):
            yield from self._order_of_distinct(values[0], order)
        elif order is not None:
            yield " "
            yield from self.order(order)
        yield ")"
        yield from over()
        yield ", '')"

    def _order_of_distinct(self, value: exp.Expr, order: exp.Expr) -> Parts:
        """DISTINCT values can only be ordered by themselves."""
        [*items] = order.expressions
        if len(items) != 1 or not same(items[0].this, value):
            raise lacks("LISTAGG(DISTINCT ...) in the order of something else")
        yield " ORDER BY "
        yield from as_text(value)
        yield " DESC" if items[0].args.get("desc") else " ASC"

    def _percentile(self, node: exp.Expr, order: exp.Expr, over: Over) -> Parts:
        items = order.expressions
        if len(items) != 1 or (items[0].args.get("desc") and node.this == "PERCENTILE_DISC"):
            raise lacks(f"{node.this} in this order")
        if node.this == "PERCENTILE_CONT":
            yield "quantile_cont(CAST("
            yield items[0].this
            yield " AS DOUBLE), "
        else:
            yield "quantile_disc("
            yield items[0].this
            yield ", "
        if items[0].args.get("desc"):
            yield "1 - "
        yield node.expressions[0]
        yield ")"
        yield from over()

    # Rows.

    def join(self, node: exp.Expr) -> Parts:
        """A join; ASOF keeps each row of the left side."""
        if node.args.get("method") != "ASOF":
            yield from super().join(node)
            return
        if node.args.get("using"):
            raise lacks("an ASOF join with USING")
        yield " ASOF LEFT JOIN "
        yield node.this
        yield " ON "
        if node.args.get("on"):
            yield node.args["on"]
            yield " AND "
        yield node.args["match_condition"]

    def sample(self, node: exp.Expr) -> Parts:
        """A sample of rows."""
        if node.args.get("percent"):
            yield " TABLESAMPLE BERNOULLI ("
            yield node.args["percent"]
            yield " PERCENT)"
        else:
            yield " TABLESAMPLE RESERVOIR ("
            yield node.args["size"]
            yield " ROWS)"

    def pivot(self, node: exp.Expr) -> Parts:
        """PIVOT, whose columns are named by the values as Snowflake writes them; UNPIVOT."""
        if node.args.get("unpivot"):
            yield from super().pivot(node)
            return
        field = node.args["fields"][0]
        yield " PIVOT ("
        yield node.expressions[0]
        yield " FOR "
        yield field.this
        yield " IN ("
        for index, value in enumerate(field.expressions):
            if type(value) in QUERIES or isinstance(value, exp.PivotAny):
                raise lacks("PIVOT without given values")
            yield ", " if index else ""
            if isinstance(value, exp.Alias):
                yield value
            else:
                yield value
                yield f" AS {self.name(_pivot_name(value))}"
        yield "))"
        yield from self.alias(node.args.get("alias"))


def _pivot_name(value: exp.Expr) -> str:
    """The name that Snowflake gives to the column of a value."""
    while type(value) is exp.Cast:
        value = value.this
    return Writer().write(value)
