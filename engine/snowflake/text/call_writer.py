"""Writing calls and windows of a checked tree, in Snowflake's dialect. Trusted side, pure."""

from __future__ import annotations

from sqlglot import exp

from engine.snowflake.text.expression_writer import ExpressionWriter, Parts, Writers, joined


class CallWriter(ExpressionWriter):
    """Writes calls, with what follows them."""

    def writers(self) -> Writers:
        """What writes each class of nodes."""
        return {
            **super().writers(),
            exp.Anonymous: self._write_anonymous,
            exp.Distinct: self._write_distinct,
            exp.IgnoreNulls: self._write_ignorenulls,
            exp.RespectNulls: self._write_respectnulls,
            exp.WithinGroup: self._write_withingroup,
            exp.Window: self._write_window,
            exp.Ordered: self._write_ordered,
        }

    def _write_anonymous(self, node: exp.Expr) -> Parts:
        yield f"{node.this}("
        yield from joined(node.expressions)
        yield ")"

    def _write_distinct(self, node: exp.Expr) -> Parts:
        yield "DISTINCT "
        yield from joined(node.expressions)

    def _write_ignorenulls(self, node: exp.Expr) -> Parts:
        yield node.this
        yield " IGNORE NULLS"

    def _write_respectnulls(self, node: exp.Expr) -> Parts:
        yield node.this
        yield " RESPECT NULLS"

    def _write_withingroup(self, node: exp.Expr) -> Parts:
        yield node.this
        yield " WITHIN GROUP ("
        yield from self.order(node.args["expression"])
        yield ")"

    def _write_window(self, node: exp.Expr) -> Parts:
        yield node.this
        yield from self.over(node)

    def over(self, node: exp.Expr) -> Parts:
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

    def bound(self, spec: exp.Expr, end: str) -> Parts:
        """One bound of a window's rows."""
        yield spec.args[end]
        if spec.args.get(f"{end}_side"):
            yield f" {spec.args[f'{end}_side']}"

    def order(self, node: exp.Expr) -> Parts:
        """ORDER BY and its items."""
        yield "ORDER BY "
        yield from joined(node.expressions)

    def _write_ordered(self, node: exp.Expr) -> Parts:
        yield node.this
        yield " DESC" if node.args.get("desc") else " ASC"
        yield " NULLS FIRST" if node.args.get("nulls_first") else " NULLS LAST"
