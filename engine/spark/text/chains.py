"""Reading chains of operands and operators. Trusted side, pure.

Precedence does not matter for the role that each lexeme plays, so operators of all ranks are read by one
loop: a long chain of ORs takes no depth.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection

from engine.errors import PlanRefused
from engine.spark.text.cursor import MAX_CHAIN, MAX_SIGNS
from engine.spark.text.types import TypeReader
from engine.spark.text.words import BINARY_SIGNS, BINARY_WORDS, PREFIX_SIGNS, QUERY_STARTS, QUERY_TAILS

_NEGATABLE = ("BETWEEN", "IN", "LIKE", "ILIKE", "RLIKE", "REGEXP")


class ChainReader(TypeReader, ABC):
    """Reads expressions, given how to read one operand and a query."""

    @abstractmethod
    def primary(self) -> None:
        """Read one operand without its signs."""

    @abstractmethod
    def query(self) -> None:
        """Read a query."""

    @abstractmethod
    def query_tail(self) -> None:
        """Read what may follow a query in parentheses that turns out to begin a larger one."""

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
        elif self.at("NOT") and self.ahead().upper in _NEGATABLE:
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
            self.query_from()
        else:
            self.parenthesized_items()
        self.expect(")")

    def query_from(self, *, one_column: bool = False) -> None:
        """Read a query where Spark would rather read expressions, if it could.

        To Spark, `x IN (select -y)` may as well subtract from a column called select, `x IN (values (1))`
        call a function, and `(select 'a', 2)` be a pair. Nothing but a query has FROM.

        Args:
            one_column: whether a single expression without FROM is sure to be read as a query here.
        """
        start = self.index
        self.query()
        depth, words = 0, list[str]()
        for index in range(start, self.index):
            word = self.lexemes[index].upper
            depth += (word == "(") - (word == ")")
            if depth == 0 and not (word == "FROM" and words[-1:] == ["DISTINCT"]):
                words.append(word)
        if "FROM" not in words and not (one_column and "," not in words):
            raise PlanRefused(
                "sql-ambiguous",
                "the SQL text is refused: a query without FROM in parentheses has two readings",
                "write the values in parentheses, as in IN (1, 2), or add FROM",
            )

    def _operand(self) -> None:
        for _ in range(MAX_SIGNS):
            if not (self.accept_any(PREFIX_SIGNS) or self.accept("NOT")):
                break
        self.primary()

    def parenthesized_items(self) -> None:
        """Read what stands in parentheses, unless it is plainly a query."""
        opened_by_query = self.opens_query()
        self.named_expressions()
        if opened_by_query and self.here.upper in QUERY_TAILS:
            self.query_tail()

    def opens_query(self) -> bool:
        """Whether one or more parentheses come next and then a query."""
        steps = 0
        while self.ahead(steps).upper == "(":
            steps += 1
        return steps > 0 and self.ahead(steps).upper in QUERY_STARTS
