"""Reading a sequence of lexemes with one lexeme of look-ahead at a time. Trusted side, pure.

The readers build no tree. They follow Spark's grammar and give every lexeme a role: column, function,
table, type, keyword, literal. What has no role is refused. Because the author's own lexemes are sent,
precedence is the backend's business, and nothing can get lost between reading and writing.

Depth is counted rather than left to the interpreter's stack, so that the answer does not depend on how
deep the caller already is; chains of operators are loops.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from engine.errors import PlanRefused
from engine.spark.text.hidden import is_hidden
from engine.spark.text.lexer import Lexeme
from engine.spark.text.stopping import Stop, never
from engine.spark.text.words import NOT_BARE_ALIAS, RESERVED

MAX_DEPTH = 60
MAX_CHAIN = 500  # operators at one level; the backend walks such a chain recursively
MAX_SIGNS = 30  # NOT NOT x, - - x


class Cursor:
    """A position in a sequence of lexemes."""

    def __init__(self, lexemes: tuple[Lexeme, ...], stop: Stop = never) -> None:
        self.lexemes = lexemes
        self._stop = stop
        self.index = 0
        self.depth = 0
        for lexeme in lexemes:
            # A cluster can be set to read "x" in double quotes as a name.
            named = lexeme.kind in ("word", "quoted") or lexeme.text[:1] == '"'
            name = lexeme.name.strip('"')
            if named and is_hidden(name):
                raise PlanRefused(
                    "hidden-column",
                    f"{name[:60]!r} is a hidden column that tells about files, not data",
                    "use the columns of the frame",
                )

    @property
    def here(self) -> Lexeme:
        """The current lexeme."""
        return self.lexemes[self.index]

    def ahead(self, steps: int = 1) -> Lexeme:
        """The lexeme `steps` further on; the end if there are not so many."""
        return self.lexemes[min(self.index + steps, len(self.lexemes) - 1)]

    def advance(self) -> Lexeme:
        """Go on by one, and give the lexeme that was current."""
        lexeme = self.here
        if lexeme.kind != "end":
            self.index += 1
        return lexeme

    def at(self, *words: str) -> bool:
        """Whether the current and following lexemes are these words or signs."""
        return all(self.ahead(step).upper == word for step, word in enumerate(words))

    def accept(self, *words: str) -> bool:
        """Pass these words or signs if they come next."""
        if not self.at(*words):
            return False
        self.index += len(words)
        return True

    def accept_any(self, words: Collection[str]) -> str:
        """Pass the next word or sign if it is one of these; give it in capitals, or ""."""
        if self.here.upper and self.here.upper in words:
            return self.advance().upper
        return ""

    def expect(self, *words: str) -> None:
        """Pass these words or signs, or refuse."""
        for word in words:
            if not self.accept(word):
                raise self.unexpected(f"expected {word}")

    def expect_kind(self, kind: str, what: str) -> Lexeme:
        """Pass a lexeme of this kind, or refuse."""
        if self.here.kind != kind:
            raise self.unexpected(f"expected {what}")
        return self.advance()

    def name(self, what: str, *, after_as: bool = False) -> Lexeme:
        """Pass a name. After AS or a dot any word will do; elsewhere not a reserved one."""
        lexeme = self.here
        if lexeme.kind == "quoted" or (lexeme.kind == "word" and (after_as or lexeme.upper not in RESERVED)):
            return self.advance()
        hint = f"`{lexeme.text}` in back-ticks is a name" if lexeme.kind == "word" else ""
        raise self.unexpected(f"expected {what}", hint)

    def bare_alias(self) -> Lexeme | None:
        """Pass a name that stands as an alias without AS, if there is one."""
        lexeme = self.here
        if lexeme.kind == "quoted" or (lexeme.kind == "word" and lexeme.upper not in NOT_BARE_ALIAS):
            return self.advance()
        return None

    def names_in_parentheses(self) -> None:
        """Pass (a, b, ...)."""
        self.expect("(")
        self.name("a name")
        while self.accept(","):
            self.name("a name")
        self.expect(")")

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Count one level of nesting; stop if it is time to."""
        self._stop()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise PlanRefused(
                "sql-too-deep",
                f"the SQL text is nested more than {MAX_DEPTH} levels deep",
                "give parts of it names with withColumn",
            )
        yield
        self.depth -= 1

    def finish(self) -> None:
        """Refuse if anything is left."""
        if self.here.kind != "end":
            raise self.unexpected()

    def unexpected(self, wanted: str = "", hint: str = "") -> PlanRefused:
        """The refusal of the current lexeme."""
        if self.here.upper == ";":
            return PlanRefused("sql-statements", "only one statement is allowed", "remove the semicolon")
        found = "the end of the text" if self.here.kind == "end" else f"{self.here.text[:60]!r}"
        before = "".join(
            (" " if lexeme.spaced else "") + lexeme.text
            for lexeme in self.lexemes[max(0, self.index - 4) : self.index]
        )[-80:]
        message = f"the SQL text has {found} where it cannot be understood"
        if before.strip():
            message += f", after {before.strip()!r}"
        if wanted:
            message += f"; {wanted}"
        return PlanRefused("sql-syntax", message, hint)
