"""Reading queries over the guest's own views. Trusted side, pure.

One SELECT or set operation, with common table expressions. The rest of SQL (other statements, recursion,
pipes, scripts, TRANSFORM ... USING) has no reader here, and so no way in.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import PlanRefused
from engine.spark.text.relations import RelationReader
from engine.spark.text.words import QUERY_STARTS, SET_OPERATIONS


class QueryReader(RelationReader):
    """Reads queries."""

    parameters = True

    def query(self) -> None:
        """Read a query, with what it defines before and what orders it after."""
        if self.rows_of_values:
            raise self.unexpected("expected a value", "select from a view for what is computed of columns")
        with self.deeper(), self._scope():
            if self.accept("WITH"):
                self._definitions()
            self._term()
            self.query_tail()

    def query_tail(self) -> None:
        """Read set operations and the order and limit of their result."""
        while self.accept_any(SET_OPERATIONS):
            if not self.accept("ALL"):
                self.accept("DISTINCT")
            self._term()
        while True:
            if self.accept("ORDER", "BY") or self.accept("SORT", "BY"):
                self.sort_items()
            elif self.accept("CLUSTER", "BY") or self.accept("DISTRIBUTE", "BY"):
                self.expressions()
            elif self.at("WINDOW"):
                self._windows()
            elif self.accept("LIMIT"):
                if not self.accept("ALL"):
                    self.expression()
            elif self.accept("OFFSET"):
                self.expression()
            else:
                return

    @contextmanager
    def _scope(self) -> Iterator[None]:
        outer = self.visible
        yield
        self.visible = outer

    def _definitions(self) -> None:
        if self.at("RECURSIVE") and self.ahead().kind in ("word", "quoted") and self.ahead().upper != "AS":
            raise PlanRefused(
                "sql-recursive", "recursive queries are not allowed", "use range(n) or a window"
            )
        while True:
            name = self.name("the name of a subquery").name
            if self.at("(") and self.ahead().upper not in QUERY_STARTS and self.ahead().upper != "(":
                self.names_in_parentheses()
            self.accept("AS")
            self.expect("(")
            self.query()
            self.expect(")")
            # Visible to what follows only: inside itself the name means the view.
            self.visible = {**self.visible, name.lower(): name}
            if not self.accept(","):
                return

    def _term(self) -> None:
        if self.at("("):
            self.expect("(")
            self.query()
            self.expect(")")
        elif self.at("VALUES"):
            self.values()
            self.alias()
        elif self.at("SELECT"):
            self._select()
        else:
            word = self.here.upper
            raise PlanRefused(
                "sql-statement",
                f"only SELECT queries are allowed, and this one begins with {self.here.text[:40]!r}"
                if word or self.here.kind != "end"
                else "the SQL text is empty, or ends where a query should be",
                "write SELECT ... FROM a view made with createOrReplaceTempView",
            )

    def _select(self) -> None:
        self.expect("SELECT")
        if not self.accept("DISTINCT"):
            self.accept("ALL")
        self.named_expressions()
        if self.accept("FROM"):
            self.relations()
        while self.at("LATERAL", "VIEW"):
            self.lateral_view()
        if self.accept("WHERE"):
            self.expression()
        if self.accept("GROUP", "BY"):
            self._grouping()
        if self.accept("HAVING"):
            self.expression()
        if self.at("WINDOW"):
            self._windows()
        if self.accept("QUALIFY"):
            self.expression()

    def _grouping(self) -> None:
        if self.accept("ALL"):
            return
        while True:
            if self.accept("GROUPING", "SETS") or self.accept_any(("CUBE", "ROLLUP")):
                self._grouping_sets()
            else:
                self.expression()
                if self.accept("GROUPING", "SETS"):
                    self._grouping_sets()
            if not self.accept(","):
                break
        if self.accept("WITH") and not self.accept_any(("CUBE", "ROLLUP")):
            raise self.unexpected("expected CUBE or ROLLUP")

    def _grouping_sets(self) -> None:
        """Read ((a, b), c, ()), nested as it may be."""
        with self.deeper():
            self.expect("(")
            while not self.at(")"):
                if self.at("(", ")"):
                    self.index += 2
                elif self.accept("GROUPING", "SETS") or self.accept_any(("CUBE", "ROLLUP")):
                    self._grouping_sets()
                else:
                    self.expression()
                if not self.accept(","):
                    break
            self.expect(")")

    def _windows(self) -> None:
        self.expect("WINDOW")
        while True:
            self.name("the name of a window")
            self.expect("AS")
            self.window()
            if not self.accept(","):
                return
