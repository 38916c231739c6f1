"""Spark's own lexical rules for SQL text. Trusted side, pure.

The invariant of this package: what goes to the backend is the author's own sequence of lexemes, so
that values, types and automatic column names stay what Spark gives the author's text; and no lexeme
goes there whose role was not understood. Only comments, hints and runs of blanks are left out.

Whoever cuts text into lexemes otherwise than the backend does can be told one thing and made to send
another. So this follows Spark's lexer (escapes, raw strings, nested comments, comments that a backslash
carries on to the next line), and refuses what tends to be read in two ways: letters beyond ASCII outside
quotes, blanks other than space, tab and line feed, control characters, `|>`, and `${`, which Spark
replaces by configuration and environment values before it parses, even inside strings.

Rejected: sending what sqlglot's tokenizer makes of a text. It decodes strings as it reads them, and has its
own ideas about comments and numbers with suffixes. It cuts the text that was written from these lexemes
once more for the second reading, which has to agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from engine.errors import PlanRefused
from engine.spark.text.words import word_set

MAX_TEXT_BYTES = 64 * 1024
MAX_LEXEMES = 8_000

# Hints advise the optimizer about joins and partitions; they change no value. Of text they are left out.
HINTS = word_set(
    "broadcast broadcastjoin mapjoin merge shuffle_merge mergejoin shuffle_hash shuffle_replicate_nl "
    "coalesce repartition repartition_by_range rebalance"
)

Kind = Literal["word", "quoted", "string", "number", "op", "end"]


@dataclass(frozen=True, slots=True)
class Lexeme:
    """One lexeme as the author wrote it.

    Attributes:
        kind: what it is; "quoted" is a name in back-ticks, "end" follows the last lexeme.
        text: exactly as written.
        spaced: whether blanks or a comment came before it.
    """

    kind: Kind
    text: str
    spaced: bool

    @property
    def upper(self) -> str:
        """The word or operator in capitals; empty for names in back-ticks, strings and numbers."""
        return self.text.upper() if self.kind in ("word", "op") else ""

    @property
    def name(self) -> str:
        """The name that a word or a name in back-ticks stands for."""
        return self.text[1:-1].replace("``", "`") if self.kind == "quoted" else self.text


_LEXEME = re.compile(
    r"""
      (?P<string> [rR]'[^']*' | [rR]"[^"]*"
                | '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" )
    | (?P<quoted> `(?:[^`]|``)+` )
    | (?P<number> (?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][+-]?[0-9]+)?(?:[bB][dD]|[lLsSyYfFdD])?
                  (?![A-Za-z0-9_]) )
    | (?P<word>   [A-Za-z0-9_]+ )
    | (?P<op>     <=>|<=|>=|<>|!=|!<|!>|==|\|\||->|=>|::|[-+*/%&|^~<>=!(),.\[\]?:;] )
    """,
    re.VERBOSE | re.DOTALL,
)
_BLANKS = re.compile(r"[ \t\r\n]+")
# A backslash before the line's end carries the comment on to the next line.
_LINE_COMMENT = re.compile(r"--(?:\\\n|[^\r\n])*")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_HINT = re.compile(r"/\*\+([A-Za-z0-9_(),.\s]*)\*/")
_HINT_NAME = re.compile(r"([A-Za-z_]+)\s*(?:\([A-Za-z0-9_,.\s]*\))?[\s,]*")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def lex(text: str) -> tuple[Lexeme, ...]:
    """Cut SQL text into lexemes, the last of kind "end".

    Raises:
        PlanRefused: the text is too long, or holds what Spark's lexer or this policy does not take.
    """
    _refuse_text(text)
    lexemes: list[Lexeme] = []
    position, spaced = 0, False
    while position < len(text):
        skipped = _skip_blank(text, position, lexemes)
        if skipped > position:
            position, spaced = skipped, True
            continue
        found = _LEXEME.match(text, position)
        if found is None:
            raise _unreadable(text, position)
        if found.group() == "|" and text[found.end() : found.end() + 1] == ">":
            raise PlanRefused(
                "sql-pipe", "SQL pipe syntax (|>) is not supported here", "write a SELECT with subqueries"
            )
        kind: Kind = found.lastgroup  # type: ignore[assignment]
        lexemes.append(Lexeme(kind, found.group(), spaced))
        if len(lexemes) > MAX_LEXEMES:
            raise PlanRefused(
                "sql-too-long",
                f"the SQL text has more than {MAX_LEXEMES:,} words and signs",
                "join with a small DataFrame instead of listing many values",
            )
        position, spaced = found.end(), False
    return (*lexemes, Lexeme("end", "", True))


def render(lexemes: tuple[Lexeme, ...]) -> str:
    """Write lexemes as text; each run of blanks and comments becomes one space."""
    parts = [(" " if lexeme.spaced else "") + lexeme.text for lexeme in lexemes]
    return "".join(parts).strip()


def _refuse_text(text: str) -> None:
    if len(text) > MAX_TEXT_BYTES or len(text.encode("utf-8", "replace")) > MAX_TEXT_BYTES:
        raise PlanRefused(
            "sql-too-long",
            f"the SQL text is longer than {MAX_TEXT_BYTES // 1024} KiB",
            "split it into several columns or steps",
        )
    if found := _FORBIDDEN.search(text):
        raise PlanRefused(
            "sql-character",
            f"the SQL text holds the control character U+{ord(found.group()):04X}",
            "remove it, or write it inside a string as an escape such as \\t or \\u0000",
        )
    if "${" in text:
        raise PlanRefused(
            "sql-substitution",
            "the SQL text holds '${', which Spark replaces by configuration and environment values",
            "use concat('$', '{') if you need these two characters",
        )


def _skip_blank(text: str, position: int, before: list[Lexeme]) -> int:
    """The end of the blanks, the comment or the hint at `position`; `position` if there is none."""
    if text.startswith("/*+", position):
        return _skip_hint(text, position, before)
    if text.startswith("/*", position):
        return _skip_comment(text, position)
    found = _LINE_COMMENT.match(text, position) or _BLANKS.match(text, position)
    return found.end() if found else position


def _skip_comment(text: str, start: int) -> int:
    """The end of a bracketed comment, which may hold others."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        # "/*+" opens no comment inside another one either: it has two readings.
        if edge.group() == "/*":
            if text.startswith("+", edge.end()):
                break
            depth += 1
        else:
            depth -= 1
        if depth == 0:
            return edge.end()
    raise PlanRefused("sql-syntax", "a comment in the SQL text is not closed, or holds '/*+'", "remove it")


def _skip_hint(text: str, start: int, before: list[Lexeme]) -> int:
    found = _HINT.match(text, start)
    after_select = bool(before) and before[-1].upper == "SELECT"
    if found and after_select:
        body, position, names = found.group(1).strip(), 0, []
        while position < len(body) and (hint := _HINT_NAME.match(body, position)):
            names.append(hint.group(1).lower())
            position = hint.end()
        if names and position == len(body) and HINTS.issuperset(names):
            return found.end()
    raise PlanRefused(
        "sql-hint",
        "the SQL text holds a hint that is not known, or not just after SELECT",
        "remove the hint: it changes no result",
    )


def _unreadable(text: str, position: int) -> PlanRefused:
    character = text[position]
    if character in "'\"`":
        return PlanRefused("sql-syntax", f"a {character} in the SQL text is not closed", "close it")
    if not character.isascii():
        return PlanRefused(
            "sql-character",
            f"the SQL text holds {character!r} outside quotes",
            "put a name with such letters in back-ticks, as in `größe`",
        )
    return PlanRefused("sql-syntax", f"the SQL text holds {character!r}, which Spark SQL does not know here")
