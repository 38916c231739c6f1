"""Writing queries from a checked tree, in Snowflake's dialect. Trusted side, pure."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from engine.snowflake.text.call_writer import CallWriter
from engine.snowflake.text.expression_writer import Parts, Writers, joined
from engine.snowflake.text.names import BASELINE, FRAME, SOURCE_PREFIX
from engine.snowflake.text.node_table import SET_OPERATIONS


class Writer(CallWriter):
    """Writes one tree.

    Args:
        frame: what the frame is, as a query in parentheses; None leaves the placeholders and their names.
        rename: gives what a name is written as.
        baseline: what the second frame is; None: there is none.
    """

    def __init__(
        self,
        frame: str | None = None,
        rename: Callable[[str], str] | None = None,
        *,
        baseline: str | None = None,
    ) -> None:
        super().__init__(rename)
        self.frame = frame
        self.frames = {
            name: f"({text})" for name, text in ((FRAME, frame), (BASELINE, baseline)) if text is not None
        }

    def parts(self, node: exp.Expr) -> Parts:
        """The parts of one node."""
        kind = type(node)
        if kind in SET_OPERATIONS:
            return self.set_operation(node, SET_OPERATIONS[kind])
        return super().parts(node)

    def writers(self) -> Writers:
        """What writes each class of nodes, but for set operations."""
        return {
            **super().writers(),
            exp.Select: self._write_select,
            exp.PivotAny: self._write_pivotany,
            exp.Rollup: self._write_rollup,
            exp.Cube: self._write_cube,
            exp.GroupingSets: self._write_groupingsets,
            exp.Column: self._write_column,
            exp.Table: self._write_table,
            exp.Subquery: self._write_subquery,
            exp.Values: self._write_values,
        }

    def _write_select(self, node: exp.Expr) -> Parts:
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

    def with_queries(self, node: exp.Expr) -> Parts:
        """WITH and its queries, if there are any."""
        if node.args.get("with_"):
            yield "WITH "
            for index, query in enumerate(node.args["with_"].expressions):
                alias = query.args["alias"]
                yield ", " if index else ""
                yield self.source_name(alias.this.this)
                yield from self.column_names(alias)
                yield " AS ("
                yield query.this
                yield ")"
            yield " "

    def source_name(self, name: str) -> str:
        """The name of a query in WITH or of something in FROM.

        Once bound, it is one that no table of the account has, and no column: DuckDB takes the name of a
        table, where no column has it, for a struct of the whole row, with columns that no guest may see.
        """
        return self.name(name if self.frame is None else SOURCE_PREFIX + name)

    def set_operation(self, node: exp.Expr, word: str) -> Parts:
        """UNION and its like, each side in parentheses."""
        yield from self.with_queries(node)
        yield "("
        yield node.this
        yield f") {word} (" if node.args.get("distinct") else f") {word} ALL ("
        yield node.args["expression"]
        yield ")"
        yield from self.tail(node)

    def tail(self, node: exp.Expr) -> Parts:
        """ORDER BY, LIMIT and OFFSET."""
        if node.args.get("order"):
            yield " "
            yield from self.order(node.args["order"])
        for part, word in (("limit", "LIMIT"), ("offset", "OFFSET")):
            if node.args.get(part):
                yield f" {word} "
                yield node.args[part].args["expression"]

    def _write_pivotany(self, _node: exp.Expr) -> Parts:
        yield "ANY"

    def _write_rollup(self, node: exp.Expr) -> Parts:
        yield "ROLLUP("
        yield from joined(node.expressions)
        yield ")"

    def _write_cube(self, node: exp.Expr) -> Parts:
        yield "CUBE("
        yield from joined(node.expressions)
        yield ")"

    def _write_groupingsets(self, node: exp.Expr) -> Parts:
        yield "GROUPING SETS("
        yield from joined(node.expressions)
        yield ")"

    # What queries read.

    def join(self, node: exp.Expr) -> Parts:
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

    def _write_column(self, node: exp.Expr) -> Parts:
        if node.args.get("table"):
            yield f"{self.source_name(node.args['table'].this)}."
        yield node.this

    def _write_table(self, node: exp.Expr) -> Parts:
        name, alias = node.this.this, node.args.get("alias")
        if self.frame is None:
            yield self.name(name)
            yield from self.alias(alias)
            yield from self.further(node)
            return
        source = self.frames.get(name) or self.source_name(name)
        yield from self.sampled(node, iter((source,)))
        # A pivot gives columns of its own, which no name before it qualifies.
        yield from self.alias(alias, "" if node.args.get("pivots") else name)
        yield from self.further(node)

    def _write_subquery(self, node: exp.Expr) -> Parts:
        yield from self.sampled(node, iter(("(", node.this, ")")))
        yield from self.alias(node.args.get("alias"))
        yield from self.further(node)

    def _write_values(self, node: exp.Expr) -> Parts:
        yield "(VALUES "
        yield from joined(node.expressions)
        yield ")"
        yield from self.alias(node.args.get("alias"))

    def alias(self, alias: exp.Expr | None, name: str = "") -> Parts:
        """AS and a name, `name` if there is no other, with names of columns."""
        if alias is not None and alias.args.get("this"):
            yield f" AS {self.source_name(alias.this.this)}"
        elif name:
            yield f" AS {self.source_name(name)}"
        if alias is not None:
            yield from self.column_names(alias)

    def column_names(self, alias: exp.Expr) -> Parts:
        """Names of columns after an alias."""
        if alias.args.get("columns"):
            yield " ("
            yield from joined(alias.args["columns"])
            yield ")"

    def further(self, node: exp.Expr) -> Parts:
        """What follows a table or a query in FROM."""
        for pivot in node.args.get("pivots", ()):
            yield from self.pivot(pivot)
        if node.args.get("sample") and self.frame is None:
            yield from self.sample(node.args["sample"])
        for join in node.args.get("joins", ()):
            yield from self.join(join)

    def sampled(self, node: exp.Expr, source: Parts) -> Parts:
        """What a query reads; a sample becomes a query of its own once the frame is bound.

        `FROM "FRAME" AS "F" SAMPLE (5)` would then sample a query with a name: Snowflake shows no such form.
        """
        if self.frame is None or not node.args.get("sample"):
            yield from source
            return
        yield "(SELECT * FROM "
        yield from source
        yield from self.sample(node.args["sample"])
        yield ")"

    def sample(self, node: exp.Expr) -> Parts:
        """SAMPLE and how much."""
        yield " SAMPLE ("
        yield node.args.get("percent") or node.args["size"]
        yield " ROWS)" if node.args.get("size") else ")"

    def pivot(self, node: exp.Expr) -> Parts:
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
