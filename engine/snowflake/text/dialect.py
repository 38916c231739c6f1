"""The dialect with which SQL text for Snowflake is read. Trusted side, pure; slow to import.

sqlglot's own Snowflake dialect turns known calls into nodes of their own, rewritten for other databases,
and reads statements, stages, variables and scripts. This one keeps every call a plain call with the name as
written, but for the two whose arguments are parted by AS, and knows one kind of statement: a query.

sqlglot recurses some 20 calls deep for each pair of parentheses, and Snowpark puts a pair around every
operator: a chain of 40 ORs would reach Python's limit. So parentheses that hold deep others are parsed
first, from the inside out, and their trees are put in where the parser comes by. Rejected: raising the
recursion limit, which is one switch for the whole process, and with it other readers of hostile input
(JSON among them) would overflow the stack instead of failing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from sqlglot import Parser, exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import ParseError
from sqlglot.parsers.snowflake import SnowflakeParser
from sqlglot.tokenizer_core import Token, TokenType

from engine.snowflake.text.node_table import TEXT

# How much of its text can name a column: more than the longest name, for blanks are drawn together.
_NAME_TEXT = 1_000

# How many steps the parser may take; honest text takes three to ten for each token.
_STEPS_PER_TOKEN = 80
_STEPS_AT_LEAST = 4_000

# Parentheses whose own nesting is a multiple of this are parsed by themselves.
_NESTING_AT_ONCE = 8

# Words that may stand right before parentheses which hold an expression or a query, and are no call.
_BEFORE_GROUP = frozenset(
    {
        "SELECT", "DISTINCT", "ALL", "WHERE", "AND", "OR", "NOT", "ON", "BY", "WHEN", "THEN", "ELSE", "CASE",
        "HAVING", "QUALIFY", "BETWEEN", "LIKE", "ILIKE", "RLIKE", "REGEXP", "IS", "FROM",
    }
)  # fmt: skip


class StrictSnowflake(Snowflake):
    """Snowflake's dialect for queries only, without a table of functions."""

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        """Leave paths as they are: they are refused, and sqlglot would log what it cannot read of them."""
        return path

    class Tokenizer(Snowflake.Tokenizer):
        """Reads no commands and no $$ text."""

        RAW_STRINGS: ClassVar[list[str | tuple[str, str]]] = []
        COMMANDS: ClassVar[set[TokenType]] = set()

    class Parser(SnowflakeParser):
        """Keeps calls as they are written; parses deep parentheses from the inside out."""

        FUNCTIONS: ClassVar[dict[str, Callable[..., exp.Expr]]] = {}
        FUNCTION_PARSERS = {  # noqa: RUF012
            name: SnowflakeParser.FUNCTION_PARSERS[name] for name in ("CAST", "TRY_CAST")
        }
        NO_PAREN_FUNCTION_PARSERS = {  # noqa: RUF012
            "CASE": SnowflakeParser.NO_PAREN_FUNCTION_PARSERS["CASE"]
        }
        # Bare words such as CURRENT_ROLE stay names of columns, and are quoted.
        NO_PAREN_FUNCTIONS: ClassVar[dict[TokenType, type[exp.Expr]]] = {}
        ID_VAR_TOKENS = SnowflakeParser.ID_VAR_TOKENS | set(SnowflakeParser.NO_PAREN_FUNCTIONS)
        STATEMENT_PARSERS: ClassVar[dict[TokenType, Callable[[Parser], exp.Expr | None]]] = {}

        def reset(self) -> None:
            """Begin anew, with no steps made and nothing parsed before."""
            super().reset()
            self._steps = 0
            self._parsed: dict[int, tuple[exp.Expr, int]] = {}

        def _advance(self, times: int = 1) -> None:
            """Go on or back, and count: some forms are tried in exponentially many ways."""
            self._steps += 1
            if self._steps > _STEPS_AT_LEAST + _STEPS_PER_TOKEN * self._tokens_size:
                raise RecursionError("too many steps")
            super()._advance(times)

        def parse_text(self, tokens: list[Token], text: str, *, query: bool) -> list[exp.Expr | None]:
            """Parse one query, or one expression; give what was found of either, which may be several."""

            def parse(_parser: Parser) -> exp.Expr | None:
                self._parse_inside_out()
                return self._parse_statement() if query else self._parse_expression()

            return self._parse(parse, tokens, text)

        def _warn_unsupported(self) -> None:
            """Fail where sqlglot would log the text and take the rest of it for a command."""
            self.raise_error("this is not a query")

        def _parse_projections(self) -> tuple[list[exp.Expr], list[exp.Expr] | None]:
            """Parse what a SELECT gives, and keep the text of each: it names a column without a name."""
            return self._parse_csv(self._parse_projection), None

        def _parse_projection(self) -> exp.Expr | None:
            start = self._curr
            found = self._parse_expression()
            if found is not None:
                found.meta[TEXT] = self._find_sql(start, self._prev)[:_NAME_TEXT]
            return found

        def _parse_inside_out(self) -> None:
            """Parse deep parentheses, innermost first; one that cannot be read alone is left for later."""
            start = self._index
            for opening, closing in _deep_groups(self._tokens):
                self._advance(opening - self._index)
                try:
                    tree = super()._parse_paren()
                except ParseError:
                    continue
                if tree is not None and self._index == closing + 1:
                    self._parsed[opening] = tree, closing + 1
            self._advance(start - self._index)

        def _parse_paren(self) -> exp.Expr | None:
            known = self._parsed.get(self._index)
            if known is None:
                return super()._parse_paren()
            tree, end = known
            self._advance(end - self._index)
            return tree


def _deep_groups(tokens: list[Token]) -> list[tuple[int, int]]:
    """The places of parentheses to parse by themselves, inner ones first."""
    found: list[tuple[int, int]] = []
    opened: list[list[int]] = []  # where, and how many pairs are inside one another in it
    for index, token in enumerate(tokens):
        if token.token_type == TokenType.L_PAREN:
            opened.append([index, 0])
        elif token.token_type == TokenType.R_PAREN and opened:
            start, height = opened.pop()
            if opened:
                opened[-1][1] = max(opened[-1][1], height + 1)
            if height and height % _NESTING_AT_ONCE == 0 and _groups(tokens, start):
                found.append((start, index))
    return found


def _groups(tokens: list[Token], opening: int) -> bool:
    """Whether parentheses group, rather than hold arguments."""
    before = tokens[opening - 1] if opening else None
    if before is None or before.token_type == TokenType.IDENTIFIER:
        return False
    return not before.text[:1].isalpha() or before.text.upper() in _BEFORE_GROUP
