"""Reading expressions. Trusted side, pure.

An expression is a chain of operands and operators; precedence does not matter for the role that each
lexeme plays, so operators of all ranks are read by one loop. What matters is found here: every call's
name, every column's parts, every type, and every place where a query could begin.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NoReturn

from engine.errors import PlanRefused
from engine.sql.cursor import MAX_CHAIN
from engine.sql.functions import classify
from engine.sql.lexer import Lexeme
from engine.sql.types import TypeReader
from engine.sql.words import (
    BINARY_SIGNS,
    BINARY_WORDS,
    INTERVAL_UNITS,
    PREFIX_SIGNS,
    QUERY_STARTS,
    QUERY_TAILS,
    SERVER_NAMES,
    TRIM_SIDES,
    TYPED_LITERALS,
    USER,
    WORDED_CALLS,
)


class ExpressionReader(TypeReader):
    """Reads expressions in which no query may occur.

    Attributes:
        functions: the names called, in small letters.
        stars: whether a star ("all columns") occurs.
        parameters: whether `?` or `:name` may stand for a value.
        columns: names of columns known to exist, in small letters.
    """

    parameters = False

    def __init__(self, lexemes: tuple[Lexeme, ...], columns: Collection[str] = ()) -> None:
        super().__init__(lexemes)
        self.functions: set[str] = set()
        self.stars = False
        self.columns_known = frozenset(name.lower() for name in columns)
        self._cases = 0

    def query(self) -> None:
        """Read a query in parentheses; here, refuse it."""
        raise PlanRefused(
            "sql-subquery",
            "a query inside an expression is not allowed here",
            "compute it with the DataFrame API, or use spark.sql over a temporary view of your frame",
        )

    def query_tail(self) -> None:
        """Read what may follow a query in parentheses that turns out to begin a larger one."""
        self.query()

    # -- chains ------------------------------------------------------------------------------------

    def named_expressions(self) -> None:
        """Read `expression [AS name]`, separated by commas."""
        self.named_expression()
        while self.accept(","):
            self.named_expression()

    def named_expression(self) -> None:
        """Read one expression and its alias, if it has one."""
        self.expression()
        if self.accept("AS"):
            if self.at("("):
                self.names_in_parentheses()
            else:
                self.name("a name", after_as=True)
        elif not self.bare_alias() and self.at("("):
            self.names_in_parentheses()

    def expressions(self) -> None:
        """Read expressions separated by commas."""
        self.expression()
        while self.accept(","):
            self.expression()

    def expression(self, *, logical: bool = True, stop_at: Collection[str] = ()) -> None:
        """Read a chain of operands and operators.

        Args:
            logical: whether AND and OR belong to the chain (not so in a window frame's bounds).
            stop_at: words that end the chain although they could go on with it.
        """
        with self.deeper():
            self._operand()
            for _ in range(MAX_CHAIN):
                if self.here.upper in stop_at or not self._operator(logical):
                    return
            raise PlanRefused(
                "sql-too-deep",
                f"the SQL text chains more than {MAX_CHAIN} operators",
                "use IN (...), or split it into several columns",
            )

    def _operator(self, logical: bool) -> bool:
        """Read one operator with its right side; False if there is none."""
        if self._shift() or self.accept_any(BINARY_SIGNS):
            self._operand()
        elif self.here.upper in BINARY_WORDS:
            if not logical and self.here.upper in ("AND", "OR"):
                return False
            self.advance()
            self._operand()
        elif self.at("IS"):
            self._is()
        elif self.at("NOT") and self.ahead().upper in ("BETWEEN", "IN", "LIKE", "ILIKE", "RLIKE", "REGEXP"):
            self.advance()
            return self._operator(logical)
        elif self.accept("BETWEEN"):
            self.expression(logical=False)
            self.expect("AND")
            self._operand()
        elif self.accept("LIKE") or self.accept("ILIKE"):
            self._like()
        elif self.accept("IN"):
            self._in()
        else:
            return False
        return True

    def _shift(self) -> bool:
        """Read << >> or >>>, which must be written without blanks."""
        sign = self.here.upper
        if sign not in ("<", ">") or self.ahead().upper != sign or self.ahead().spaced:
            return False
        self.index += 2
        if sign == ">" and self.at(">") and not self.here.spaced:
            self.advance()
        return True

    def _is(self) -> None:
        self.expect("IS")
        self.accept("NOT")
        if self.accept("DISTINCT", "FROM"):
            self._operand()
        elif not self.accept_any(("NULL", "TRUE", "FALSE", "UNKNOWN")):
            raise self.unexpected("expected NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM")

    def _like(self) -> None:
        if self.here.upper in ("ANY", "SOME", "ALL") and self.ahead().upper == "(":
            self.advance()
            self.expect("(")
            self.expressions()
            self.expect(")")
            return
        self._operand()
        if self.accept("ESCAPE"):
            self.expect_kind("string", "the escape character in quotes")

    def _in(self) -> None:
        self.expect("(")
        if self.here.upper in QUERY_STARTS:
            self.query()
        else:
            self._parenthesized_items()
        self.expect(")")

    # -- operands ----------------------------------------------------------------------------------

    def _operand(self) -> None:
        for _ in range(MAX_DEPTH_OF_SIGNS):
            if not (self.accept_any(PREFIX_SIGNS) or self.accept("NOT")):
                break
        self._primary()
        while self._postfix():
            pass

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

    def _primary(self) -> None:
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
            self._call()
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
        name = lexeme.name.lower()
        if not self.at(".") and name not in self.columns_known:
            if name in SERVER_NAMES:
                self._refuse_call(name)
            if name == USER:
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
        self.name("a column name")
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
                self.query()
            else:
                self._parenthesized_items()
        self.expect(")")

    def _parenthesized_items(self) -> None:
        opened_by_query = self._opens_query()
        self.named_expressions()
        if opened_by_query and self.here.upper in QUERY_TAILS:
            self.query_tail()

    def _opens_query(self) -> bool:
        """Whether one or more parentheses come next and then a query."""
        steps = 0
        while self.ahead(steps).upper == "(":
            steps += 1
        return steps > 0 and self.ahead(steps).upper in QUERY_STARTS

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

    # -- calls -------------------------------------------------------------------------------------

    def _call(self) -> None:
        lexeme = self.advance()
        # The grammar's own call-like forms; their names are keywords, so not in back-ticks.
        form = lexeme.upper
        if form in ("CAST", "TRY_CAST"):
            self.expect("(")
            self.expression()
            self.expect("AS")
            self.type()
            self.expect(")")
            return
        if form == "EXISTS" and self._opens_query():
            self.expect("(")
            self.query()
            self.expect(")")
            return
        name = lexeme.name.lower() if lexeme.name.isascii() else lexeme.name
        if not classify(name).allowed:
            self._refuse_call(name)
        self.functions.add(name)
        self.expect("(")
        with self.deeper():
            if not self.at(")"):
                self._arguments(name)
        self.expect(")")
        self._after_call()

    def _refuse_call(self, name: str) -> NoReturn:
        rule = classify(name)
        raise PlanRefused(
            "function-refused", f"the function {name[:60]} is not allowed: {rule.reason}", rule.hint
        )

    def _arguments(self, name: str) -> None:
        if name == "trim":
            self.accept_any(TRIM_SIDES)
        if not self.accept("DISTINCT"):
            self.accept("ALL")
        words = WORDED_CALLS.get(name, frozenset())
        if not (name == "trim" and self.at("FROM")):
            self._argument(name, words)
        while self.accept(",") or self.accept_any(words):
            self._argument(name, words)

    def _argument(self, name: str, words: frozenset[str]) -> None:
        if self.here.kind in ("word", "quoted") and self.ahead().upper == "=>":
            self.name("an argument's name", after_as=True)
            self.advance()
        if name == "struct":
            self.named_expression()
            return
        self.expression(stop_at=words)
        if self.here.upper in ("IGNORE", "RESPECT"):
            self.advance()
            self.expect("NULLS")

    def _after_call(self) -> None:
        if self.accept("WITHIN", "GROUP"):
            self.expect("(")
            self.expect("ORDER", "BY")
            self.sort_items()
            self.expect(")")
        if self.accept("FILTER", "("):
            self.expect("WHERE")
            self.expression()
            self.expect(")")
        if self.at("IGNORE", "NULLS") or self.at("RESPECT", "NULLS"):
            self.index += 2
        if self.accept("OVER"):
            self.window()

    def sort_items(self) -> None:
        """Read the items of ORDER BY."""
        while True:
            if not self.accept("ALL"):
                self.expression()
            self.accept_any(("ASC", "DESC"))
            if self.accept("NULLS") and not self.accept_any(("FIRST", "LAST")):
                raise self.unexpected("expected FIRST or LAST")
            if not self.accept(","):
                return

    def window(self) -> None:
        """Read a window: a name, or a specification in parentheses."""
        if not self.at("("):
            self.name("the name of a window")
            return
        self.expect("(")
        with self.deeper():
            if self.here.kind in ("word", "quoted") and self.ahead().upper == ")":
                self.name("the name of a window")
            if (
                self.accept("PARTITION", "BY")
                or self.accept("DISTRIBUTE", "BY")
                or self.accept("CLUSTER", "BY")
            ):
                self.expressions()
            if self.accept("ORDER", "BY") or self.accept("SORT", "BY"):
                self.sort_items()
            if self.accept_any(("ROWS", "RANGE")):
                if self.accept("BETWEEN"):
                    self._frame_bound()
                    self.expect("AND")
                self._frame_bound()
        self.expect(")")

    def _frame_bound(self) -> None:
        if self.accept("CURRENT", "ROW"):
            return
        if not self.accept("UNBOUNDED"):
            self.expression(logical=False)
        if not self.accept_any(("PRECEDING", "FOLLOWING")):
            raise self.unexpected("expected PRECEDING or FOLLOWING")


# NOT NOT NOT x and - - - x: more than anybody writes.
MAX_DEPTH_OF_SIGNS = 30
