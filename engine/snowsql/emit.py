"""Writing SQL from a checked tree, in Snowflake's dialect. Trusted side, pure.

Every name is quoted, every operator stands in parentheses, every order says where its nulls go: there is
one way to read what is written here. Nodes are written by small generators that give texts and further nodes;
one loop drives them, so that the depth of a tree does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from engine.errors import PlanRefused
from engine.snowsql.caps import MAX_EMITTED_BYTES
from engine.snowsql.names import CTE_PREFIX, FRAME
from engine.snowsql.node_table import SET_OPERATIONS
from engine.snowsql.types import snowflake_type

# A text, or a node to be written in its place.
Part = Any
Parts = Iterator[Part]

OPERATORS: Final = {
    "Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "Mod": "%", "DPipe": "||", "EQ": "=", "NEQ": "<>",
    "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">=", "And": "AND", "Or": "OR", "Is": "IS",
    "NullSafeEQ": "IS NOT DISTINCT FROM", "NullSafeNEQ": "IS DISTINCT FROM", "Like": "LIKE", "ILike": "ILIKE",
    "RegexpLike": "RLIKE",
}  # fmt: skip
_ESCAPES: Final = {"\\": "\\\\", "'": "''", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


class Writer:
    """Writes one tree.

    Args:
        frame: what the frame is, as a query in parentheses; None leaves the placeholder and its names.
        rename: gives what a name is written as.
    """

    def __init__(self, frame: str | None = None, rename: Callable[[str], str] | None = None) -> None:
        self.frame = frame
        self._rename = rename

    def write(self, tree: Any) -> str:
        """Write a checked tree.

        Raises:
            PlanRefused: if the text grows too large, or holds what this dialect lacks.
        """
        written: list[str] = []
        size, stack = 0, [iter((tree,))]
        while stack:
            part = next(stack[-1], None)
            if part is None:
                stack.pop()
            elif isinstance(part, str):
                written.append(part)
                size += len(part)
                if size > MAX_EMITTED_BYTES:
                    raise PlanRefused(
                        "plan-too-large",
                        "the query becomes too long when it is written out for the backend",
                        "give parts that are used several times a name with with_column",
                    )
            else:
                stack.append(self.parts(part))
        return "".join(written)

    def parts(self, node: Any) -> Parts:
        """The parts of one node."""
        kind = type(node).__name__
        if kind in OPERATORS:
            return self.binary(node, OPERATORS[kind])
        if kind in SET_OPERATIONS:
            return self.set_operation(node, SET_OPERATIONS[kind])
        return getattr(self, f"write_{kind.lower()}")(node)  # type: ignore[no-any-return]

    # Names and values.

    def name(self, name: str) -> str:
        """A name in quotes."""
        renamed = self._rename(name) if self._rename else name
        return '"' + renamed.replace('"', '""') + '"'

    def text(self, value: str) -> str:
        """A text in quotes."""
        return "'" + "".join(_ESCAPES.get(letter, letter) for letter in value) + "'"

    def type(self, node: Any) -> str:
        """A type of a cast."""
        return snowflake_type(node)

    def write_identifier(self, node: Any) -> Parts:
        yield self.name(node.this)

    def write_column(self, node: Any) -> Parts:
        if node.args.get("table"):
            yield node.args["table"]
            yield "."
        yield node.this

    def write_star(self, _node: Any) -> Parts:
        yield "*"

    def write_alias(self, node: Any) -> Parts:
        yield node.this
        yield " AS "
        yield node.args["alias"]

    def write_literal(self, node: Any) -> Parts:
        yield self.text(node.this) if node.args.get("is_string") else node.this.upper()

    def write_boolean(self, node: Any) -> Parts:
        yield "TRUE" if node.this else "FALSE"

    def write_null(self, _node: Any) -> Parts:
        yield "NULL"

    def write_hexstring(self, node: Any) -> Parts:
        yield f"X'{node.this.upper()}'"

    def write_interval(self, node: Any) -> Parts:
        yield f"INTERVAL '{node.this.this} {node.args['unit'].this}'"

    def write_tuple(self, node: Any) -> Parts:
        yield "("
        yield from joined(node.expressions)
        yield ")"

    # Operators.

    def binary(self, node: Any, operator: str) -> Parts:
        """An operator between two operands."""
        yield "("
        yield node.this
        yield f" {operator} "
        yield node.args["expression"]
        yield ")"

    def write_escape(self, node: Any) -> Parts:
        yield "("
        yield node.this.this
        yield " LIKE " if type(node.this).__name__ == "Like" else " ILIKE "
        yield node.this.args["expression"]
        yield " ESCAPE "
        yield node.args["expression"]
        yield ")"

    def write_not(self, node: Any) -> Parts:
        yield "(NOT "
        yield node.this
        yield ")"

    def write_neg(self, node: Any) -> Parts:
        yield "(- "
        yield node.this
        yield ")"

    def write_between(self, node: Any) -> Parts:
        yield "("
        yield node.this
        yield " BETWEEN "
        yield node.args["low"]
        yield " AND "
        yield node.args["high"]
        yield ")"

    def write_in(self, node: Any) -> Parts:
        yield "("
        yield node.this
        yield " IN "
        if node.args.get("query"):
            yield node.args["query"]
        else:
            yield "("
            yield from joined(node.expressions)
            yield ")"
        yield ")"

    def write_exists(self, node: Any) -> Parts:
        yield "EXISTS ("
        yield node.this
        yield ")"

    def write_case(self, node: Any) -> Parts:
        yield "CASE"
        if node.args.get("this"):
            yield " "
            yield node.this
        for branch in node.args["ifs"]:
            yield " WHEN "
            yield branch.this
            yield " THEN "
            yield branch.args["true"]
        if node.args.get("default"):
            yield " ELSE "
            yield node.args["default"]
        yield " END"

    def write_cast(self, node: Any) -> Parts:
        yield "CAST("
        yield node.this
        yield f" AS {self.type(node.args['to'])})"

    def write_trycast(self, node: Any) -> Parts:
        yield "TRY_"
        yield from self.write_cast(node)

    def write_bracket(self, node: Any) -> Parts:
        yield node.this
        yield "["
        yield from joined(node.expressions)
        yield "]"

    # Calls.

    def write_anonymous(self, node: Any) -> Parts:
        yield f"{node.this}("
        yield from joined(node.expressions)
        yield ")"

    def write_distinct(self, node: Any) -> Parts:
        yield "DISTINCT "
        yield from joined(node.expressions)

    def write_ignorenulls(self, node: Any) -> Parts:
        yield node.this
        yield " IGNORE NULLS"

    def write_respectnulls(self, node: Any) -> Parts:
        yield node.this
        yield " RESPECT NULLS"

    def write_withingroup(self, node: Any) -> Parts:
        yield node.this
        yield " WITHIN GROUP ("
        yield from self.order(node.args["expression"])
        yield ")"

    def write_window(self, node: Any) -> Parts:
        yield node.this
        yield from self.over(node)

    def over(self, node: Any) -> Parts:
        """The part of a window after the call."""
        yield " OVER ("
        if node.args.get("partition_by"):
            yield "PARTITION BY "
            yield from joined(node.args["partition_by"])
        if node.args.get("order"):
            yield " "
            yield from self.order(node.args["order"])
        spec = node.args.get("spec")
        if spec is not None:
            yield f" {spec.args['kind']} BETWEEN "
            yield from self.bound(spec, "start")
            yield " AND "
            yield from self.bound(spec, "end")
        yield ")"

    def bound(self, spec: Any, end: str) -> Parts:
        """One bound of a window's rows."""
        yield spec.args[end]
        if spec.args.get(f"{end}_side"):
            yield f" {spec.args[f'{end}_side']}"

    def order(self, node: Any) -> Parts:
        """ORDER BY and its items."""
        yield "ORDER BY "
        yield from joined(node.expressions)

    def write_ordered(self, node: Any) -> Parts:
        yield node.this
        yield " DESC" if node.args.get("desc") else " ASC"
        yield " NULLS FIRST" if node.args.get("nulls_first") else " NULLS LAST"

    # Queries.

    def write_select(self, node: Any) -> Parts:
        yield from self.with_queries(node)
        yield "SELECT DISTINCT " if node.args.get("distinct") else "SELECT "
        yield from joined(node.expressions)
        if node.args.get("from_"):
            yield " FROM "
            yield node.args["from_"].this
        for join in node.args.get("joins", ()):
            yield from self.join(join)
        for part, word in (("where", "WHERE"), ("group", ""), ("having", "HAVING"), ("qualify", "QUALIFY")):
            held = node.args.get(part)
            if held is not None:
                yield f" {word} " if word else " GROUP BY "
                yield from joined(held.expressions) if part == "group" else iter((held.this,))
        yield from self.tail(node)

    def with_queries(self, node: Any) -> Parts:
        """WITH and its queries, if there are any."""
        if node.args.get("with_"):
            yield "WITH "
            for index, query in enumerate(node.args["with_"].expressions):
                alias = query.args["alias"]
                yield ", " if index else ""
                yield self.with_name(alias.this.this)
                yield from self.column_names(alias)
                yield " AS ("
                yield query.this
                yield ")"
            yield " "

    def with_name(self, name: str) -> str:
        """The name of a query in WITH: once bound, one that no table of the account has."""
        return self.name(name if self.frame is None else CTE_PREFIX + name)

    def set_operation(self, node: Any, word: str) -> Parts:
        """UNION and its like, each side in parentheses."""
        yield from self.with_queries(node)
        yield "("
        yield node.this
        yield f") {word} (" if node.args.get("distinct") else f") {word} ALL ("
        yield node.args["expression"]
        yield ")"
        yield from self.tail(node)

    def tail(self, node: Any) -> Parts:
        """ORDER BY, LIMIT and OFFSET."""
        if node.args.get("order"):
            yield " "
            yield from self.order(node.args["order"])
        for part, word in (("limit", "LIMIT"), ("offset", "OFFSET")):
            if node.args.get(part):
                yield f" {word} "
                yield node.args[part].args["expression"]

    def write_rollup(self, node: Any) -> Parts:
        yield "ROLLUP("
        yield from joined(node.expressions)
        yield ")"

    def write_cube(self, node: Any) -> Parts:
        yield "CUBE("
        yield from joined(node.expressions)
        yield ")"

    def write_groupingsets(self, node: Any) -> Parts:
        yield "GROUPING SETS("
        yield from joined(node.expressions)
        yield ")"

    # What queries read.

    def join(self, node: Any) -> Parts:
        """A join, with what it is on."""
        words = [node.args.get(part, "") for part in ("method", "side", "kind")]
        yield " " + " ".join([*filter(None, words), "JOIN "])
        yield node.this
        if node.args.get("match_condition"):
            yield " MATCH_CONDITION ("
            yield node.args["match_condition"]
            yield ")"
        if node.args.get("on"):
            yield " ON "
            yield node.args["on"]
        if node.args.get("using"):
            yield " USING ("
            yield from joined(node.args["using"])
            yield ")"

    def write_table(self, node: Any) -> Parts:
        name, alias = node.this.this, node.args.get("alias")
        if self.frame is None:
            yield self.name(name)
        elif name == FRAME:
            yield f"({self.frame})"
        else:
            yield self.with_name(name)
        yield from self.alias(alias, "" if self.frame is None else name)
        yield from self.further(node)

    def write_subquery(self, node: Any) -> Parts:
        yield "("
        yield node.this
        yield ")"
        yield from self.alias(node.args.get("alias"))
        yield from self.further(node)

    def write_values(self, node: Any) -> Parts:
        yield "(VALUES "
        yield from joined(node.expressions)
        yield ")"
        yield from self.alias(node.args.get("alias"))

    def alias(self, alias: Any, name: str = "") -> Parts:
        """AS and a name, `name` if there is no other, with names of columns."""
        if alias is not None and alias.args.get("this"):
            yield " AS "
            yield alias.this
        elif name:
            yield f" AS {self.name(name)}"
        if alias is not None:
            yield from self.column_names(alias)

    def column_names(self, alias: Any) -> Parts:
        """Names of columns after an alias."""
        if alias.args.get("columns"):
            yield " ("
            yield from joined(alias.args["columns"])
            yield ")"

    def further(self, node: Any) -> Parts:
        """What follows a table or a query in FROM."""
        for pivot in node.args.get("pivots", ()):
            yield from self.pivot(pivot)
        if node.args.get("sample"):
            yield from self.sample(node.args["sample"])
        for join in node.args.get("joins", ()):
            yield from self.join(join)

    def sample(self, node: Any) -> Parts:
        """SAMPLE and how much."""
        yield " SAMPLE ("
        yield node.args.get("percent") or node.args["size"]
        yield " ROWS)" if node.args.get("size") else ")"

    def pivot(self, node: Any) -> Parts:
        """PIVOT or UNPIVOT."""
        field = node.args["fields"][0]
        if node.args.get("unpivot"):
            yield " UNPIVOT INCLUDE NULLS (" if node.args.get("include_nulls") else " UNPIVOT ("
        else:
            yield " PIVOT ("
        yield node.expressions[0]
        yield " FOR "
        yield field.this
        yield " IN ("
        yield from joined(field.expressions)
        yield "))"
        yield from self.alias(node.args.get("alias"))


def joined(nodes: Iterable[Any]) -> Parts:
    """Nodes with commas between."""
    for index, node in enumerate(nodes):
        if index:
            yield ", "
        yield node
