"""Reading calls: a function's name, its arguments, and the window it is computed over. Trusted side, pure.

Every name goes through the table of functions. Two kinds of argument are looked at as well: schemas in
strings, which can hold more than types, and the grammar's own forms such as EXTRACT(YEAR FROM d).
"""

from __future__ import annotations

from typing import NoReturn

from engine.errors import PlanRefused
from engine.spark.text.chains import ChainReader
from engine.spark.text.functions import classify
from engine.spark.text.lexer import Lexeme
from engine.spark.text.schemas import check_schema
from engine.spark.text.stopping import Stop, never
from engine.spark.text.words import SCHEMA_ARGUMENTS, SCHEMA_CALLS, TRIM_SIDES, WORDED_CALLS


class CallReader(ChainReader):
    """Reads calls.

    Attributes:
        functions: the names called, in small letters.
    """

    def __init__(self, lexemes: tuple[Lexeme, ...], stop: Stop = never) -> None:
        super().__init__(lexemes, stop)
        self.functions: set[str] = set()

    def call(self) -> None:
        """Read a name and its arguments in parentheses."""
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
        if form == "EXISTS" and self.opens_query():
            self.expect("(")
            self.query_from()
            self.expect(")")
            return
        name = lexeme.name.lower() if lexeme.name.isascii() else lexeme.name
        if not classify(name).allowed:
            self.refuse_call(name)
        self.functions.add(name)
        self.expect("(")
        with self.deeper():
            if not self.at(")"):
                self._arguments(name)
        self.expect(")")
        self._after_call()

    def refuse_call(self, name: str) -> NoReturn:
        """Refuse a function, with the reason that the table has."""
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
        position = 0
        if not (name == "trim" and self.at("FROM")):
            self._argument(name, words, position)
        while self.accept(",") or self.accept_any(words):
            position += 1
            self._argument(name, words, position)

    def _argument(self, name: str, words: frozenset[str], position: int) -> None:
        if self.here.kind in ("word", "quoted") and self.ahead().upper == "=>":
            if name in SCHEMA_ARGUMENTS:
                raise self.unexpected("expected arguments without names")
            self.name("an argument's name", after_as=True)
            self.advance()
        if SCHEMA_ARGUMENTS.get(name) == position:
            self._schema_argument(name)
        elif name == "struct":
            self.named_expression()
        else:
            self.expression(stop_at=words)
            if self.accept_any(("IGNORE", "RESPECT")):
                self.expect("NULLS")

    def _schema_argument(self, name: str) -> None:
        """Read a schema: one plain string, or a call that infers one."""
        if self.here.kind == "word" and self.here.name.lower() in SCHEMA_CALLS and self.ahead().upper == "(":
            self.call()
            return
        text = self.here.text
        if self.here.kind != "string" or text[0] not in "'\"" or "\\" in text:
            raise PlanRefused(
                "schema-refused",
                f"the schema or type that {name} takes must be one plain string without backslashes",
                "write it as 'a INT, b STRING'",
            )
        check_schema(text[1:-1].replace(text[0] * 2, text[0]))
        self.advance()
        if self.here.upper not in (",", ")"):
            raise self.unexpected("expected the end of the schema")

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
