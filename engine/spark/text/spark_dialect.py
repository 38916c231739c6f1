"""The dialect with which sqlglot reads SQL text a second time. Trusted side, pure; slow to import.

sqlglot's own Spark dialect turns known calls into nodes of their own, some without all their arguments,
and reads statements that only other databases have. This one keeps every call a plain call with the name
as written, but for the few whose arguments are parted by words. Nothing is ever written from its tree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.parsers.spark import SparkParser
from sqlglot.tokenizer_core import TokenType

from engine.spark.text.stopping import Stop, never

# How many steps the parser may take; honest text takes two or three for each token.
_STEPS_PER_TOKEN = 60
_STEPS_AT_LEAST = 2_000
# After how many steps, about a millisecond, it looks whether it is to go on.
_STEPS_BETWEEN_LOOKS = 500

# Words that open statements here or mean something in other databases only; columns may be called so.
_PLAIN_WORDS = frozenset(
    {"GLOB", "GRANT", "INSERT", "ISNULL", "NOTNULL", "RETURNING", "REVOKE", "ROLLBACK", "UNCACHE"}
)

# Their arguments are parted by words (AS, FROM, FOR, PLACING, IN), which a plain call has no place for.
_WORDED = ("CAST", "TRY_CAST", "EXTRACT", "SUBSTRING", "SUBSTR", "TRIM", "OVERLAY", "POSITION")


class StrictSpark(Spark):
    """Spark's dialect without a table of functions, and with the escapes of Spark 4."""

    class Tokenizer(Spark.Tokenizer):
        """Reads a doubled quote as a quote, and !< and !> as Spark does."""

        STRING_ESCAPES: ClassVar[list[str]] = ["\\", "'", '"']
        KEYWORDS = {  # noqa: RUF012 (sqlglot's form)
            **{word: kind for word, kind in Spark.Tokenizer.KEYWORDS.items() if word not in _PLAIN_WORDS},
            "!<": TokenType.GTE,
            "!>": TokenType.LTE,
        }
        # With words such as SHOW or CACHE in front, sqlglot would take the rest for one piece of text.
        COMMANDS: ClassVar[set[TokenType]] = set()

    class Parser(SparkParser):
        """Keeps calls as they are written; `stop` is asked now and then whether to go on."""

        FUNCTIONS: ClassVar[dict[str, Callable[..., exp.Expr]]] = {}
        FUNCTION_PARSERS = {  # noqa: RUF012
            **{name: SparkParser.FUNCTION_PARSERS[name] for name in _WORDED},
            # Its arguments may have aliases without AS, unlike those of other calls.
            "STRUCT": lambda self: exp.Anonymous(this="struct", expressions=self._parse_expressions()),
        }
        NO_PAREN_FUNCTION_PARSERS = {  # noqa: RUF012
            name: SparkParser.NO_PAREN_FUNCTION_PARSERS[name] for name in ("ANY", "CASE")
        }
        # Bare words such as current_date stay columns: which of them are allowed is the first reader's.
        NO_PAREN_FUNCTIONS: ClassVar[dict[TokenType, type[exp.Expr]]] = {}
        ID_VAR_TOKENS = SparkParser.ID_VAR_TOKENS | set(SparkParser.NO_PAREN_FUNCTIONS)

        stop: Stop = staticmethod(never)

        def reset(self) -> None:
            """Begin anew, with no steps made."""
            super().reset()
            self._steps = 0

        def _advance(self, times: int = 1) -> None:
            """Go on or back, and count: nested types and structs are tried in exponentially many ways."""
            self._steps += 1
            if self._steps > _STEPS_AT_LEAST + _STEPS_PER_TOKEN * self._tokens_size:
                raise RecursionError("too many steps")
            if self._steps % _STEPS_BETWEEN_LOOKS == 0:
                self.stop()
            super()._advance(times)

        def _match_pair(self, first: TokenType, second: TokenType, advance: bool = True) -> bool:
            """Pass two signs; for >> a third one just after it as well, since sqlglot knows no >>>."""
            matched = super()._match_pair(first, second, advance)
            if (
                matched
                and advance
                and first == second == TokenType.GT
                and self._curr
                and self._curr.token_type == TokenType.GT
                and self._curr.start == self._prev.end + 1
            ):
                self._advance()
            return matched
