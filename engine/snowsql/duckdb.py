"""Writing SQL from a checked tree, in DuckDB's dialect. Trusted side, pure.

Differences of meaning are closed where they are known, and refused where they were not compared:
division by zero is an error, casts to whole numbers round halves away from zero.
"""

from __future__ import annotations

import re
from typing import Any, Final

from engine.errors import PlanRefused
from engine.snowsql.duckdb_calls import HANDLERS, any_null, as_boolean, as_text, without_defaults
from engine.snowsql.duckdb_table import SAME, TEMPLATES, WHOLE_WINDOW
from engine.snowsql.emit import Writer
from engine.snowsql.expression_writer import OPERATORS, Parts, joined
from engine.snowsql.node_table import QUERIES
from engine.snowsql.nodes import same
from engine.snowsql.refusals import kind_of
from engine.snowsql.types import duckdb_type

_HOLE: Final = re.compile(r"(\{\d+\??\}|\{\*\$?\}|\{over\}|\{any_null\})")
_ORDERED_SETS: Final = frozenset({"LISTAGG", "PERCENTILE_CONT", "PERCENTILE_DISC"})
_NULLS: Final = {"IgnoreNulls": " IGNORE NULLS", "RespectNulls": ""}


class DuckdbWriter(Writer):
    """Writes one tree for DuckDB."""

    def __init__(self, frame: str | None = None) -> None:
        super().__init__(frame)
        self._spelled: dict[str, str] = {}

    def name(self, name: str) -> str:
        """A name in quotes. DuckDB takes names for the same that differ in capitals only; Snowflake does not.

        Raises:
            PlanRefused: if the query has both.
        """
        spelled = self._spelled.setdefault(name.casefold(), name)
        if spelled != name:
            raise _lacks(f"a query with the names {spelled[:60]!r} and {name[:60]!r}")
        return super().name(name)

    def text(self, value: str) -> str:
        """A text in quotes; a backslash means itself."""
        return "'" + value.replace("'", "''") + "'"

    def type(self, node: Any) -> str:
        """A type of a cast."""
        name = duckdb_type(node)
        if not name:
            raise _lacks(f"the type {Writer.type(self, node)}")
        return name

    def binary(self, node: Any, operator: str) -> Parts:
        """An operator; division fails at zero, and || takes texts."""
        kind, right = kind_of(node), node.args["expression"]
        if kind == "RegexpLike":
            yield from ("regexp_full_match(", node.this, ", ", right, ")")
        elif kind == "DPipe":
            yield "("
            yield from as_text(node.this)
            yield " || "
            yield from as_text(right)
            yield ")"
        elif kind in ("Div", "Mod") and not _is_number(right):
            yield "("
            yield node.this
            yield f" {operator} CASE WHEN "
            yield right
            yield " = 0 THEN error('Division by zero') ELSE "
            yield right
            yield " END)"
        else:
            yield from super().binary(node, OPERATORS[kind])

    def _write_cast(self, node: Any) -> Parts:
        """A cast; whole numbers of others are rounded by way of DECIMAL, and texts are as Snowflake's."""
        name, inner = self.type(node.args["to"]), node.this
        call = "TRY_CAST(" if kind_of(node) == "TryCast" else "CAST("
        if name == "VARCHAR" and call == "CAST(":
            if any(0 < length < 1 << 24 for length in _lengths(node.args["to"])):
                raise _lacks("a cast to a text of a given length")
            yield from as_text(inner)
        elif name == "BIGINT" and not _is_number(inner):
            yield f"CAST({call}"
            yield inner
            yield " AS DECIMAL(38, 0)) AS BIGINT)"
        else:
            yield call
            yield inner
            yield f" AS {name})"

    def _write_trycast(self, node: Any) -> Parts:
        yield from self._write_cast(node)

    def _write_bracket(self, _node: Any) -> Parts:
        raise _lacks("an item of an array or an object")

    def _write_interval(self, node: Any) -> Parts:
        steps = [f"INTERVAL '{step}'" for step in node.this.this.split(", ")]
        yield steps[0] if len(steps) == 1 else f"({' + '.join(steps)})"

    # Calls.

    def _write_anonymous(self, node: Any) -> Parts:
        return self.call(node, lambda: iter(()))

    def _write_window(self, node: Any) -> Parts:
        called, nulls = node.this, ""
        if kind_of(called) in _NULLS:
            called, nulls = called.this, _NULLS[kind_of(called)]
        if kind_of(called) == "WithinGroup":
            return self.ordered_set(called, lambda: self.over(node))
        if nulls:
            return self.call_over_nulls(called, nulls, node)
        return self.call(called, lambda: self.over(node))

    def _write_ignorenulls(self, _node: Any) -> Parts:
        raise _lacks("IGNORE NULLS without a window")

    def _write_respectnulls(self, node: Any) -> Parts:
        yield node.this

    def _write_withingroup(self, node: Any) -> Parts:
        return self.ordered_set(node, lambda: iter(()))

    def over(self, node: Any) -> Parts:
        """A window; some calls look at all of it unless rows are given."""
        called = node.this
        while kind_of(called) != "Anonymous":
            called = called.this
        parts = list(super().over(node))
        if called.this in WHOLE_WINDOW and not node.args.get("spec") and node.args.get("order"):
            parts.insert(-1, " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING")
        return iter(parts)

    def bound(self, spec: Any, end: str) -> Parts:
        """One bound of a window's rows."""
        return super().bound(spec, end)

    def call_over_nulls(self, called: Any, nulls: str, window: Any) -> Parts:
        """A call that passes nulls over; its window follows."""
        if called.this not in WHOLE_WINDOW | {"LAG", "LEAD"}:
            raise _lacks(f"{called.this} IGNORE NULLS")
        yield f"{called.this}("
        yield from joined(called.expressions)
        yield f"{nulls})"
        yield from self.over(window)

    def call(self, node: Any, over: Any) -> Parts:
        """A call, by the tables."""
        name, arguments = node.this, without_defaults(node)
        distinct = bool(arguments) and kind_of(arguments[0]) == "Distinct"
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
                    raise _lacks(f"{name}(DISTINCT ...)")
                yield from self._filled(TEMPLATES[key], arguments, over)
                return
        if name == "LISTAGG":
            yield from self._listagg(node, None, over)
            return
        handler = HANDLERS.get(name)
        parts = handler(node, over) if handler is not None else None
        if parts is None:
            raise _lacks(f"the function {name}, in this form" if handler else f"the function {name}")
        yield from parts

    def _filled(self, template: str, arguments: list[Any], over: Any) -> Parts:
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
                yield arguments[int(part[1:-1])]
            else:
                yield part

    def ordered_set(self, node: Any, over: Any) -> Parts:
        """An aggregate WITHIN GROUP (ORDER BY ...)."""
        called, order = node.this, node.args["expression"]
        if called.this not in _ORDERED_SETS:
            raise _lacks(f"{called.this} WITHIN GROUP")
        if called.this == "LISTAGG":
            return self._listagg(called, order, over)
        return self._percentile(called, order, over)

    def _listagg(self, node: Any, order: Any, over: Any) -> Parts:
        first, separator = node.expressions[0], node.expressions[1:]
        values = [first]
        if kind_of(first) == "Distinct":
            values, separator = first.expressions[:1], first.expressions[1:]
        yield "COALESCE(string_agg(DISTINCT " if kind_of(first) == "Distinct" else "COALESCE(string_agg("
        yield from as_text(values[0])
        yield ", "
        yield separator[0] if separator else "''"
        if order is not None and kind_of(first) == "Distinct":
            yield from self._order_of_distinct(values[0], order)
        elif order is not None:
            yield " "
            yield from self.order(order)
        yield ")"
        yield from over()
        yield ", '')"

    def _order_of_distinct(self, value: Any, order: Any) -> Parts:
        """DISTINCT values can only be ordered by themselves."""
        [*items] = order.expressions
        if len(items) != 1 or not same(items[0].this, value):
            raise _lacks("LISTAGG(DISTINCT ...) in the order of something else")
        yield " ORDER BY "
        yield from as_text(value)
        yield " DESC" if items[0].args.get("desc") else " ASC"

    def _percentile(self, node: Any, order: Any, over: Any) -> Parts:
        items = order.expressions
        if len(items) != 1 or (items[0].args.get("desc") and node.this == "PERCENTILE_DISC"):
            raise _lacks(f"{node.this} in this order")
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

    def join(self, node: Any) -> Parts:
        """A join; ASOF keeps each row of the left side."""
        if node.args.get("method") != "ASOF":
            yield from super().join(node)
            return
        if node.args.get("using"):
            raise _lacks("an ASOF join with USING")
        yield " ASOF LEFT JOIN "
        yield node.this
        yield " ON "
        if node.args.get("on"):
            yield node.args["on"]
            yield " AND "
        yield node.args["match_condition"]

    def sample(self, node: Any) -> Parts:
        """A sample of rows."""
        if node.args.get("percent"):
            yield " TABLESAMPLE BERNOULLI ("
            yield node.args["percent"]
            yield " PERCENT)"
        else:
            yield " TABLESAMPLE RESERVOIR ("
            yield node.args["size"]
            yield " ROWS)"

    def pivot(self, node: Any) -> Parts:
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
            if kind_of(value) in QUERIES or kind_of(value) == "PivotAny":
                raise _lacks("PIVOT without given values")
            yield ", " if index else ""
            if kind_of(value) == "Alias":
                yield value
            else:
                yield value
                yield f" AS {self.name(_pivot_name(value))}"
        yield "))"
        yield from self.alias(node.args.get("alias"))


def _pivot_name(value: Any) -> str:
    """The name that Snowflake gives to the column of a value."""
    while kind_of(value) == "Cast":
        value = value.this
    return Writer().write(value)


def _is_number(node: Any) -> bool:
    """Whether it is a constant other than zero, as Snowpark writes it or plain."""
    while kind_of(node) in ("Cast", "Neg"):
        node = node.this
    return (
        kind_of(node) == "Literal" and not node.args.get("is_string") and bool(re.search("[1-9]", node.this))
    )


def _lengths(type_node: Any) -> tuple[int, ...]:
    return tuple(int(parameter.this.name) for parameter in type_node.expressions)


def _lacks(what: str) -> PlanRefused:
    return PlanRefused(
        "function-refused",
        f"{what} is not open on the duckdb backend: it has no equal there that was compared with Snowflake",
        "use another function, compute it in Python, or run on the snowflake backend",
    )
