"""Text to tree: sqlglot with the strict dialect, on a stack of its own. Trusted side, pure.

The answer must not depend on how deep the caller is, so parsing runs on a thread where the whole of
Python's stack is free; the thread has ended when the function returns.
"""

from __future__ import annotations

import re
from typing import Final

from sqlglot import ErrorLevel, exp
from sqlglot.tokenizer_core import Token, TokenType

from engine.errors import PlanRefused
from engine.snowflake.text.caps import MAX_PARENTHESES, MAX_TEXT_BYTES, MAX_TOKENS
from engine.threads import on_own_stack

# Control characters other than tab and line ends, halves of pairs, marks that turn the direction of text.
_BAD: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
# sqlglot names a class of its own where an operand or an argument should stand.
_MISSING: Final = re.compile(r"^Required keyword: .*<class .*>$", re.DOTALL)
_HINT: Final = "write it with the DataFrame API, or more plainly"


def parse(text: str, *, query: bool) -> exp.Expr:
    """Parse a query or an expression; what is in it is not checked.

    Raises:
        PlanRefused: if it is neither, or too large.
    """
    if len(text) > MAX_TEXT_BYTES:
        raise PlanRefused(
            "sql-too-long",
            f"the SQL text has {len(text):,} characters, {MAX_TEXT_BYTES:,} are allowed",
            "select the columns that the metric needs first, or split the query",
        )
    if (bad := _BAD.search(text)) is not None:
        raise PlanRefused(
            "sql-character",
            f"the SQL text holds the character U+{ord(bad[0]):04X}, which has no place in a query",
            "leave it out",
        )
    ended: list[exp.Expr | PlanRefused] = []
    on_own_stack(lambda: ended.append(_read(text, query)), "calcmetric-sql")
    found = ended[0] if ended else _unread("it cannot be read")
    if isinstance(found, PlanRefused):
        raise found
    return found


def _read(text: str, query: bool) -> exp.Expr | PlanRefused:
    """Parse; return a refusal, for an exception would end in the thread."""
    try:
        return _parse(text, query)
    except PlanRefused as refusal:
        return refusal
    except RecursionError:
        return PlanRefused(
            "sql-too-deep",
            "the SQL text is nested too deep to be checked",
            "give parts of it names with with_column, or use in_ and greatest instead of long chains",
        )
    except Exception as error:  # a parser of hostile text may fail in any way; each means: not read
        return _unread(_what(error))


def _parse(text: str, query: bool) -> exp.Expr:
    from engine.snowflake.text.dialect import StrictSnowflake  # slow to import; Spark's metrics do without

    dialect = StrictSnowflake()
    tokens = dialect.tokenize(text)
    while tokens and tokens[-1].text == ";" and query:
        tokens.pop()
    _check_tokens(tokens, text, query)
    parser = StrictSnowflake.Parser(dialect=dialect, error_level=ErrorLevel.IMMEDIATE)
    trees = parser.parse_text(tokens, text, query=query)
    tree = trees[0] if len(trees) == 1 else None
    if tree is None:
        raise _unread("it is not one " + ("query" if query else "expression"))
    return tree


def _check_tokens(tokens: list[Token], text: str, query: bool) -> None:
    """Count before parsing, and drop comments: they are not sent."""
    if len(tokens) > MAX_TOKENS:
        raise PlanRefused(
            "sql-too-long",
            f"the SQL text has {len(tokens):,} words and signs, {MAX_TOKENS:,} are allowed",
            "select the columns that the metric needs first, or split the query",
        )
    if query and tokens and tokens[0].text.upper() not in ("SELECT", "WITH", "("):
        raise PlanRefused(
            "sql-statement",
            f"a statement that begins with {tokens[0].text[:30]!r} is refused: a metric only asks queries",
            "compute with DataFrame methods; nothing can be created, changed or explained",
        )
    depth = 0
    for token in tokens:
        kind = token.token_type
        if kind == TokenType.SEMICOLON:
            raise PlanRefused(
                "sql-statements", "the SQL text holds more than one statement", "send one query"
            )
        if kind == TokenType.HINT:
            raise PlanRefused("sql-hint", "hints are refused", "leave it out")
        if kind == TokenType.HEX_STRING and text[token.start] == "0":
            raise _unread("numbers are written with decimal digits")
        token.comments.clear()
        depth += (kind == TokenType.L_PAREN) - (kind == TokenType.R_PAREN)
        if depth > MAX_PARENTHESES:
            raise PlanRefused(
                "sql-too-deep",
                f"the SQL text opens more than {MAX_PARENTHESES} parentheses inside one another",
                "give parts of it names with with_column",
            )


def _what(error: Exception) -> str:
    """What sqlglot says is wrong, without the text around."""
    told = getattr(error, "errors", None)
    first = told[0] if told else {}
    description = _MISSING.sub("something is missing", str(first.get("description") or ""))[:100]
    place = f" at line {first['line']}, column {first['col']}" if first.get("line") else ""
    return f"{description or 'it cannot be read'}{place}"


def _unread(what: str) -> PlanRefused:
    return PlanRefused("sql-syntax", f"the SQL text is not understood: {what}", _HINT)
