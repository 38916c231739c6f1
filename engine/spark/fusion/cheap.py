"""Whether a question's cost is bounded by its rows, so that it may travel with other runs' questions. Pure.

A question that is not cheap takes the time of all that travel with it: a lambda over a sequence loops as long
as its author likes, a regular expression tries ever other ways, repeated texts grow without an end. What is
cheap is told by a table of functions, each of which takes time and space in proportion to its arguments, and
by how many parts there are. All else goes by itself: a lambda, a pattern, what the table does not have.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.spark.plans.trees import walk
from engine.spark.text.check import inspect_expression
from engine.spark.text.lexer import lex

# Expressions in one question; each word of SQL text counts as one.
MOST_PARTS: Final = 1_000
# What expressions are made of, beside calls. Casts are to any type: numbers have short texts.
_SIMPLE: Final = frozenset(
    {"Expression", "Literal", "UnresolvedAttribute", "Alias", "Cast", "DataType", "UnresolvedStar"}
)
_WITHIN: Final = ("spark.connect.DataType.", "spark.connect.Expression.Literal.")
_FUNCTIONS: Final = (
    "+ - * / % div mod pmod negative positive abs sign signum ceil ceiling floor round bround rint",
    "sqrt cbrt exp expm1 ln log log10 log1p log2 pow power degrees radians hypot",
    "sin cos tan asin acos atan atan2 sinh cosh tanh try_add try_subtract try_multiply try_divide",
    "& | ^ ~ shiftleft shiftright == = != <> < <= > >= <=> equal_null and or not ! in between",
    "isnull isnotnull isnan ifnull nvl nvl2 nullif nanvl coalesce when if greatest least",
    "length char_length character_length octet_length bit_length lower lcase upper ucase trim ltrim rtrim",
    "substring substr left right startswith endswith contains instr ascii concat",
    "year quarter month day dayofmonth dayofweek dayofyear weekday weekofyear hour minute second extract",
    "date_trunc trunc datediff date_diff date_add date_sub add_months months_between last_day to_date",
    "unix_seconds unix_millis unix_micros unix_date",
    "count count_if sum try_sum avg mean try_avg min max bool_and every bool_or some any",
    "bit_and bit_or bit_xor stddev std stddev_samp stddev_pop variance var_samp var_pop covar_samp covar_pop",
    "corr skewness kurtosis regr_count regr_sxx regr_syy regr_sxy regr_slope regr_intercept regr_r2",
)
_CHEAP: Final = frozenset(name for names in _FUNCTIONS for name in names.split())
# Words of SQL text that match patterns without being calls, and what a lambda is known by.
_DEAR_WORDS: Final = frozenset({"LIKE", "ILIKE", "RLIKE", "REGEXP", "SIMILAR", "->"})


def is_cheap(expressions: Iterable[pb.Expression]) -> bool:
    """Whether expressions over columns of the data take time and space in proportion to the rows."""
    parts = 0
    for expression in expressions:
        for here in walk(expression):
            kind = here.DESCRIPTOR
            names: tuple[str, ...] = ()
            if isinstance(here, pb.Expression.UnresolvedFunction):
                names = (here.function_name,)
            elif isinstance(here, pb.Expression.ExpressionString):
                lexemes = lex(here.expression)
                parts += len(lexemes)
                names = inspect_expression(here.expression).functions
                if any(lexeme.upper in _DEAR_WORDS for lexeme in lexemes):
                    return False
            elif kind.name not in _SIMPLE and not kind.full_name.startswith(_WITHIN):
                return False
            parts += isinstance(here, pb.Expression)
            if parts > MOST_PARTS or not all(name.lower() in _CHEAP for name in names):
                return False
    return True
