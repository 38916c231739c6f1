"""Reading expressions. Trusted side, pure.

Operands: literals, columns and their fields, lambdas, CASE, casts, and what stands in parentheses. A query
may begin in parentheses only, and here it is refused.
"""

from __future__ import annotations

from collections.abc import Collection

from engine.errors import PlanRefused
from engine.spark.text.calls import CallReader
from engine.spark.text.hidden import fold
from engine.spark.text.lexer import Lexeme
from engine.spark.text.server_names import asks_server
from engine.spark.text.stopping import Stop, never
from engine.spark.text.words import CONSTANTS, INTERVAL_UNITS, QUERY_STARTS, TYPED_LITERALS, USER


class ExpressionReader(CallReader):
    """Reads expressions in which no query may occur.

    Attributes:
        stars: whether a star ("all columns") occurs.
        rows_of_values: whether what is read now are the rows of VALUES, which hold no names and no queries.
        parameters: whether `?` or `:name` may stand for a value.
    """

    parameters = False

    def __init__(
        self, lexemes: tuple[Lexeme, ...], columns: Collection[str] = (), stop: Stop = never
    ) -> None:
        super().__init__(lexemes, stop)
        self.stars = False
        self.rows_of_values = False
        self._columns = frozenset(fold(name) for name in columns)
        self._cases = 0

    def query(self) -> None:
        """Refuse a query."""
        raise PlanRefused(
            "sql-subquery",
            "a query inside an expression is not allowed here",
            "compute it with the DataFrame API, or use spark.sql over a temporary view of your frame",
        )

    def query_tail(self) -> None:
        """Refuse what would follow a query."""
        self.query()

    def _postfix(self) -> bool:
        if self.accept("["):
            self.expression()
            self.expect("]")
        elif self.accept("."):
            if not self._star():
                self.name("a field name", after_as=True)
                if self.at("("):
                    raise PlanRefused(
                        "function-qualified",
                        "a function's name must not be qualified",
                        "write the function's name alone",
                    )
        elif self.accept("::"):
            self.type()
        elif self.accept("COLLATE"):
            self.name("the name of a collation")
        else:
            return False
        return True

    def primary(self) -> None:
        """Read one operand, with the fields, items and casts that follow it."""
        self._plain_operand()
        while self._postfix():
            pass

    def _plain_operand(self) -> None:
        lexeme, following = self.here, self.ahead()
        if lexeme.kind == "number":
            self.advance()
        elif lexeme.kind == "string":
            while self.here.kind == "string":
                self.advance()
        elif self.at("("):
            self._parentheses()
        elif lexeme.upper in ("?", ":"):
            self._parameter()
        elif self._star():
            pass
        elif self.at("CASE"):
            self._case()
        elif lexeme.upper in TYPED_LITERALS and self._typed_literal():
            pass
        elif lexeme.kind in ("word", "quoted") and following.upper == "(":
            self.call()
        elif lexeme.kind in ("word", "quoted") and following.upper == "->":
            self.name("the name of a lambda's parameter")
            self.advance()
            self.expression()
        else:
            self._column()

    def _column(self) -> None:
        if self._cases and self.at("END"):
            raise self.unexpected("expected a value before END")
        lexeme = self.name("a column, a value or a function")
        if self.rows_of_values and lexeme.upper not in CONSTANTS:
            raise PlanRefused(
                "sql-syntax",
                f"the SQL text has the name {lexeme.text[:60]!r} in VALUES, which holds values only",
                "put text in quotes; select from a view for what is computed of columns",
            )
        if not self.at("."):
            self.refuse_server_name(lexeme.name)

    def refuse_server_name(self, name: str) -> None:
        """Refuse a bare name that the backend looks up among columns, and else among its own functions."""
        if not asks_server(name, self._columns):
            return
        if fold(name) != USER:
            self.refuse_call(fold(name))
        raise PlanRefused(
            "server-name",
            "the bare name user means the server's user if the frame has no such column",
            "rename the column, or qualify it: v.user",
        )

    def _star(self) -> bool:
        if not self.accept("*"):
            return False
        self.stars = True
        if self.at("EXCEPT", "("):
            self.advance()
            self.expect("(")
            self._column_path()
            while self.accept(","):
                self._column_path()
            self.expect(")")
        return True

    def _column_path(self) -> None:
        first = self.name("a column name")
        if not self.at("."):
            self.refuse_server_name(first.name)
        while self.accept("."):
            self.name("a field name", after_as=True)

    def _parentheses(self) -> None:
        """Read (expression), (a, b), (query), () -> ... or (x, y) -> expression."""
        if self._lambda_parameters():
            self.expression()
            return
        self.expect("(")
        with self.deeper():
            if self.here.upper in QUERY_STARTS:
                self.query_from(one_column=True)
            else:
                self.parenthesized_items()
        self.expect(")")

    def _lambda_parameters(self) -> bool:
        """Pass `(x, y) ->` if that comes next."""
        step = 1
        while self.ahead(step).kind in ("word", "quoted") and self.ahead(step + 1).upper == ",":
            step += 2
        if self.ahead(step).kind not in ("word", "quoted") or self.ahead(step + 1).upper != ")":
            return False
        if self.ahead(step + 2).upper != "->":
            return False
        self.names_in_parentheses()
        self.expect("->")
        return True

    def _parameter(self) -> None:
        if not self.parameters:
            raise PlanRefused(
                "sql-parameter",
                "parameters (? and :name) are for spark.sql(..., args=...) only",
                "put the value into the text with F.lit, or use a Column expression",
            )
        if not self.accept("?"):
            self.expect(":")
            if self.here.kind != "word" or self.here.spaced:
                raise self.unexpected("expected a parameter's name just after ':'")
            self.advance()

    def _typed_literal(self) -> bool:
        """Read DATE '...', X'..', INTERVAL '...' DAY, INTERVAL 1 DAY 2 HOURS; False if it is a name."""
        following = self.ahead()
        if not self.at("INTERVAL"):
            if following.kind != "string":
                return False
            self.index += 2
            return True
        signs = 1 if following.upper in ("+", "-") else 0
        value, unit = self.ahead(1 + signs), self.ahead(2 + signs)
        if value.kind not in ("string", "number") or (
            unit.upper not in INTERVAL_UNITS and (signs or value.kind == "number")
        ):
            return False
        self.advance()
        if self.here.kind == "string" and self.ahead().upper not in INTERVAL_UNITS:
            self.advance()
            return True
        while self.here.kind in ("string", "number") or (
            self.here.upper in ("+", "-")
            and self.ahead().kind in ("string", "number")
            and self.ahead(2).upper in INTERVAL_UNITS
        ):
            self.accept_any(("+", "-"))
            self.advance()
            if not self.accept_any(INTERVAL_UNITS):
                raise self.unexpected("expected an interval unit such as DAYS")
            if self.accept("TO"):
                if not self.accept_any(INTERVAL_UNITS):
                    raise self.unexpected("expected an interval unit such as SECOND")
                break
        return True

    def _case(self) -> None:
        self.expect("CASE")
        self._cases += 1
        if not self.at("WHEN"):
            self.expression()
        if not self.at("WHEN"):
            raise self.unexpected("expected WHEN")
        while self.accept("WHEN"):
            self.expression()
            self.expect("THEN")
            self.expression()
        if self.accept("ELSE"):
            self.expression()
        self.expect("END")
        self._cases -= 1
