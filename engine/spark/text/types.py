"""Reading type names: "int", "array<struct<a:int>>", "a INT, b STRING". Trusted side, pure.

Only Spark's built-in types, with numbers as their only parameters: a schema text may otherwise hold
default values and generation clauses, which are expressions.
"""

from __future__ import annotations

import difflib
from typing import Final

from engine.errors import PlanRefused
from engine.spark.text.cursor import Cursor
from engine.spark.text.words import INTERVAL_UNITS, SIMPLE_TYPES

# Names of types as Python's libraries have them, with Spark's.
_ELSEWHERE: Final = {
    "float64": "DOUBLE",
    "float32": "FLOAT",
    "int64": "BIGINT",
    "int32": "INT",
    "bool": "BOOLEAN",
    "str": "STRING",
    "object": "STRING",
    "datetime": "TIMESTAMP",
    "datetime64": "TIMESTAMP",
}


class TypeReader(Cursor):
    """Reads types and lists of columns."""

    def type(self) -> None:
        """Read one type."""
        with self.deeper():
            if self.accept("ARRAY"):
                self.expect("<")
                self.type()
                self.expect(">")
            elif self.accept("MAP"):
                self.expect("<")
                self.type()
                self.expect(",")
                self.type()
                self.expect(">")
            elif self.accept("STRUCT"):
                if self.accept("<>"):
                    return
                self.expect("<")
                if not self.accept(">"):
                    self.columns(colon=True)
                    self.expect(">")
            elif self.accept("INTERVAL"):
                if (
                    self.accept_any(INTERVAL_UNITS)
                    and self.accept("TO")
                    and not self.accept_any(INTERVAL_UNITS)
                ):
                    raise self.unexpected("expected an interval unit")
            else:
                self._simple_type()

    def columns(self, *, colon: bool) -> None:
        """Read `name type, name type`, with `name: type` where Spark allows it."""
        while True:
            self.name("a column name", after_as=True)
            if colon:
                self.accept(":")
            self.type()
            self.accept("NOT", "NULL")
            if self.accept("COMMENT"):
                self.expect_kind("string", "the comment in quotes")
            if not self.accept(","):
                return

    def _simple_type(self) -> None:
        name = self.here.upper
        if self.here.kind != "word" or name not in SIMPLE_TYPES:
            raise self.unexpected(
                "expected the name of a built-in type, such as INT, STRING or DECIMAL(12, 2)"
            )
        self.advance()
        if SIMPLE_TYPES[name] and self.accept("("):
            self.expect_kind("number", "a number")
            if SIMPLE_TYPES[name] > 1 and self.accept(","):
                self.accept("-")
                self.expect_kind("number", "a number")
            self.expect(")")
        elif name == "STRING" and self.accept("COLLATE"):
            self.name("the name of a collation")
        elif name == "TIMESTAMP" and (self.accept("WITHOUT") or self.at("WITH", "LOCAL")):
            self.accept("WITH", "LOCAL")
            self.expect("TIME", "ZONE")


def _no_type(word: str) -> PlanRefused:
    """The refusal of a word that is no type."""
    meant = _ELSEWHERE.get(word.lower()) or next(
        iter(difflib.get_close_matches(word.upper(), SIMPLE_TYPES, 1)), "STRING"
    )
    return PlanRefused(
        "sql-syntax", f"there is no type {word[:60]!r}", f"write {meant.lower()}, or another of Spark's types"
    )


def read_type(cursor: TypeReader) -> None:
    """Read one type to the end of the text, or else a list of columns."""
    start = cursor.index
    if (
        cursor.at("ARRAY")
        or cursor.at("MAP")
        or cursor.at("STRUCT")
        or cursor.at("INTERVAL")
        or cursor.here.upper in SIMPLE_TYPES
    ):
        # A column may be called "date" or "map": what follows a whole type decides.
        follows_type = (
            cursor.ahead().kind == "end"
            or cursor.ahead().upper in ("<", "<>", "(", "COLLATE", "WITH", "WITHOUT")
            or cursor.at("INTERVAL")
        )
        if follows_type and not (cursor.at("INTERVAL") and cursor.ahead().upper in SIMPLE_TYPES):
            cursor.type()
            cursor.finish()
            return
    cursor.index = start
    if cursor.here.kind == "word" and cursor.ahead().kind == "end":
        raise _no_type(cursor.here.text)
    cursor.columns(colon=True)
    cursor.finish()
