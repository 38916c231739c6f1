"""Reading what stands after FROM. Trusted side, pure.

A table is a name of one part that is a view of the guest or a common table expression *visible at that
place*: one defined in some other subquery does not count, because the backend would look the name up in
its catalog. Names of more parts are databases, catalogs and files (text.`/etc/passwd`).
"""

from __future__ import annotations

from collections.abc import Collection

from engine.errors import PlanRefused
from engine.spark.text.expressions import ExpressionReader
from engine.spark.text.functions import classify
from engine.spark.text.lexer import Lexeme
from engine.spark.text.stopping import Stop, never
from engine.spark.text.words import JOIN_WORDS, QUERY_STARTS, QUERY_TAILS

MAX_RANGE = 10_000_000  # rows that range(...) may make up


class RelationReader(ExpressionReader):
    """Reads relations, given how to read a query.

    Attributes:
        used: the views that the query reads, as they are spelled in `views`.
        tables: the names, in small letters, of all tables that it reads.
        renamed: lexeme index → the name as it is spelled in `views`, or where it is defined.
        visible: the common table expressions that can be read here: in small letters → as defined.
    """

    def __init__(self, lexemes: tuple[Lexeme, ...], views: Collection[str], stop: Stop = never) -> None:
        super().__init__(lexemes, stop=stop)
        self.views = {view.lower(): view for view in views}
        self.used: set[str] = set()
        self.tables: set[str] = set()
        self.renamed: dict[int, str] = {}
        self.visible: dict[str, str] = {}

    def relations(self) -> None:
        """Read what stands after FROM."""
        self.relation()
        while self.accept(","):
            self.relation()

    def relation(self) -> None:
        """Read one relation with its joins."""
        with self.deeper():
            self._joined_primary()
            self._relation_tail()

    def _relation_tail(self) -> None:
        while True:
            if self.at("LATERAL", "VIEW"):
                self.lateral_view()
            elif self.at("PIVOT", "("):
                self._pivot()
            elif self.at("UNPIVOT"):
                self._unpivot()
            elif not self._join():
                return

    def _join(self) -> bool:
        if self.here.upper not in JOIN_WORDS:
            return False
        self.accept("NATURAL")
        if self.accept_any(("LEFT", "RIGHT", "FULL")):
            self.accept_any(("OUTER", "SEMI", "ANTI"))
        else:
            self.accept_any(("INNER", "CROSS", "SEMI", "ANTI"))
        self.expect("JOIN")
        self._joined_primary()
        if self.accept("ON"):
            self.expression()
        elif self.accept("USING"):
            self.names_in_parentheses()
        return True

    def _joined_primary(self) -> None:
        if self.at("LATERAL") and self.ahead().upper != "VIEW":
            self.advance()
        if self.at("("):
            self._table_in_parentheses()
        elif self.at("VALUES"):
            self.values()
            self.alias()
            return  # Spark samples tables and queries only: a sample would tell of a table called values
        elif self.here.kind in ("word", "quoted") and self.ahead().upper == "(":
            self._table_function()
        else:
            self._table()
        self._sample()
        self.alias()

    def _table_in_parentheses(self) -> None:
        """Read (query), (relation), or ((query) UNION ...), which differ only later on."""
        self.expect("(")
        with self.deeper():
            if self.here.upper in QUERY_STARTS:
                self.query()
            elif self.at("("):
                self._table_in_parentheses()
                if self.here.upper in QUERY_TAILS:
                    self.query_tail()
                else:
                    self._sample()
                    self.alias()
                    self._relation_tail()
                    self._more_relations()
            else:
                self.relation()
                self._more_relations()
        self.expect(")")

    def _more_relations(self) -> None:
        if self.at(","):
            raise self.unexpected("expected one relation", "use JOIN inside parentheses")

    def _table(self) -> None:
        index = self.index
        name = self.name("the name of one of your views").name
        if self.at(".") or self.at("::"):
            raise PlanRefused(
                "table-refused",
                "a table's name must have one part: databases, catalogs and files are out of reach",
                "use the frame that calc_metric gets, and views made with createOrReplaceTempView",
            )
        self.tables.add(name.lower())
        defined = self.visible.get(name.lower())
        if defined is not None:
            # As it was defined, since a session can be case-sensitive; its catalog has the other spelling.
            if name != defined:
                self.renamed[index] = defined
            return
        view = self.views.get(name.lower())
        if view is None:
            known = ", ".join(sorted(self.views.values())[:10]) or "none so far"
            raise PlanRefused(
                "table-refused",
                f"there is no view {name[:60]!r}; your views: {known}",
                "make one with createOrReplaceTempView",
            )
        self.used.add(view)
        if name != view:
            self.renamed[index] = view

    def _table_function(self) -> None:
        name = self.here.name.lower() if self.here.name.isascii() else self.here.name
        rule = classify(name)
        if not rule.allowed or not rule.table:
            reason = rule.reason if not rule.allowed else "it does not yield a table"
            raise PlanRefused(
                "function-refused", f"the table function {name[:60]} is not allowed: {reason}", rule.hint
            )
        if name == "range":
            self._bound_range()
        self.call()

    def _bound_range(self) -> None:
        """Refuse range(...) unless its bounds are plain whole numbers, close enough together."""
        step, numbers, sign, negative = 2, [], 1, False
        while self.ahead(step).upper != ")":
            lexeme = self.ahead(step)
            if lexeme.upper == "-" and not negative:
                sign, negative = -1, True
            elif lexeme.kind == "number" and lexeme.text.rstrip("lL").isdigit() and len(lexeme.text) < 20:
                numbers.append(sign * int(lexeme.text.rstrip("lL")))
                sign, negative = 1, False
            elif lexeme.upper != ",":
                numbers = []
                break
            step += 1
        bounds = numbers if len(numbers) > 1 else [0, *numbers]
        stride = abs(numbers[2]) if len(numbers) > 2 else 1
        if not 1 <= len(numbers) <= 3 or not stride or abs(bounds[1] - bounds[0]) // stride > MAX_RANGE:
            raise PlanRefused(
                "range-refused",
                f"range(...) takes one to three whole numbers here, for at most {MAX_RANGE:,} rows",
                "write the bounds as numbers",
            )

    def lateral_view(self) -> None:
        """Read LATERAL VIEW explode(...) name AS column."""
        self.expect("LATERAL", "VIEW")
        self.accept("OUTER")
        if self.here.kind not in ("word", "quoted") or self.ahead().upper != "(":
            raise self.unexpected("expected a function such as explode(...)")
        self._table_function()
        self.name("a name for the view")
        if self.accept("AS"):
            self.name("a column name", after_as=True)
        elif not self.bare_alias():
            return
        while self.accept(","):
            self.name("a column name")

    def values(self) -> None:
        """Read VALUES (...), (...): rows in parentheses, which hold no names.

        In `FROM values w, secret`, Spark reads a table called values and another one. A row in parentheses
        makes it VALUES; and Spark computes such rows before it has any column.
        """
        self.expect("VALUES")
        outer, self.rows_of_values = self.rows_of_values, True
        while True:
            if not self.at("("):
                raise self.unexpected("expected a row in parentheses", "write VALUES (1, 'a'), (2, 'b')")
            self.expression()
            if not self.accept(","):
                break
        self.rows_of_values = outer

    def alias(self) -> None:
        """Read [AS] name [(columns)], if it is there."""
        if self.accept("AS"):
            self.name("a name", after_as=True)
        elif not self.bare_alias():
            return
        if self.at("("):
            self.names_in_parentheses()

    def _sample(self) -> None:
        if not self.accept("TABLESAMPLE"):
            return
        if not self.at("("):
            raise self.unexpected("expected (n PERCENT) or (n ROWS)")
        self.expect("(")
        self.accept("-")
        self.expect_kind("number", "a number")
        if not self.accept_any(("PERCENT", "ROWS")):
            raise self.unexpected("expected PERCENT or ROWS")
        self.expect(")")
        if self.accept("REPEATABLE"):
            self.expect("(")
            self.expect_kind("number", "a whole number")
            self.expect(")")

    def _pivot(self) -> None:
        self.expect("PIVOT", "(")
        self.named_expressions()
        self.expect("FOR")
        self._column_names()
        self.expect("IN", "(")
        self.named_expressions()
        self.expect(")", ")")
        self.alias()

    def _unpivot(self) -> None:
        self.expect("UNPIVOT")
        if self.accept_any(("INCLUDE", "EXCLUDE")):
            self.expect("NULLS")
        self.expect("(")
        self._names()
        self.expect("FOR")
        self.name("a name")
        self.expect("IN", "(")
        while True:
            self._column_names()
            if self.accept("AS"):
                self.name("a name", after_as=True)
            else:
                self.bare_alias()
            if not self.accept(","):
                break
        self.expect(")", ")")
        self.alias()

    def _column_names(self) -> None:
        """Read a column or (a, b, ...): unlike new names, Spark may look these up among its functions."""
        if not self.at("("):
            self._column_path()
            return
        self.expect("(")
        self._column_path()
        while self.accept(","):
            self._column_path()
        self.expect(")")

    def _names(self) -> None:
        if self.at("("):
            self.names_in_parentheses()
        else:
            self.name("a name")
