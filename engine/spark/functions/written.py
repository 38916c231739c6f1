"""How Spark writes what its functions are given, in the names that it makes for columns.

Among the arguments of a function of the author Spark writes some expressions otherwise than in the name of a
column of their own. What is not known for sure is refused, as an author may ask for a column by its name.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

import pyspark.sql.connect.proto as pb

from engine.spark.functions.find import refused
from engine.spark.plans.trees import walk
from engine.spark.text.check import inspect_expression
from engine.spark.text.lexer import lex
from engine.spark.text.words import word_set

# Types as Spark writes them, by the words for them and by their names in a plan.
_SAME: Final = (
    *("boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "string"),
    *("binary", "date", "timestamp", "timestamp_ntz"),
)
_WRITTEN: Final = {
    **{name: name for name in _SAME},
    "byte": "tinyint",
    "short": "smallint",
    "integer": "int",
    "long": "bigint",
}
# Calls and operators that Spark writes in the same way among a function's arguments and as a column's name.
_ALIKE: Final = word_set(
    """
    + - * / % < <= > >= == <=> and or & | ^ when abs add_months array array_contains array_distinct
    array_max array_min array_size ascii asin acos atan atan2 avg base64 bin bool_and bool_or bround
    cbrt ceil ceiling char_length coalesce concat concat_ws corr cos cosh count count_if covar_pop
    covar_samp crc32 date_add date_diff date_part date_sub datediff dayofmonth dayofweek dayofyear
    degrees equal_null every exp expm1 factorial floor format_string greatest hex hypot ifnull initcap
    instr isnan kurtosis last_day least left length like ln locate log10 log1p log2 lower lpad map
    map_keys max max_by md5 mean median min min_by month nanvl nullif nullifzero nvl nvl2 pmod pow power
    product quarter radians regexp_extract regexp_replace repeat reverse right rlike round rpad sha2
    signum sin sinh skewness some sort_array soundex split sqrt stddev stddev_pop stddev_samp substr
    substring sum tan tanh timestamp_seconds translate trunc try_add try_divide try_multiply
    try_subtract try_sum typeof unix_date upper var_pop var_samp variance weekday weekofyear year
    zeroifnull
    """
)
# Those of which the above are written with one argument alone.
ONE_ARGUMENT: Final = word_set("trim ltrim rtrim first last any_value collect_list collect_set")
_LITERALS_ALIKE: Final = word_set("null boolean byte short integer long float double decimal string")
# Others, of arguments that are written alike: {0} is the first, {1} are the others, or {2} without spaces,
# and {3} are all.
WRITTEN_IN_CALLS: Final = {
    "negative": "-{0}",
    "not": "NOT {0}",
    "isnull": "isnull({0})",
    "isnotnull": "isnotnull({0})",
    "in": "{0} IN ({2})",
    "trim": "trim({0}, None)",
    "ltrim": "ltrim({0}, None)",
    "rtrim": "rtrim({0}, None)",
    "hash": "hash({3}, 42)",
    "xxhash64": "xxhash64({3}, 42)",
    "first": "first({3}, false)",
    "last": "last({3}, false)",
    "any_value": "any_value({3}, false)",
    "collect_list": "collect_list({3}, 0, 0, true)",
    "collect_set": "collect_set({3}, 0, 0, true)",
    "contains": "Contains({0}, {1})",
    "startswith": "StartsWith({0}, {1})",
    "endswith": "EndsWith({0}, {1})",
}
_SIGNS_ALIKE: Final = word_set("+ - * / % < <= > >= = == <=> ( ) ,")
# Words of SQL that make something that is written otherwise.
_TEXT_OTHERWISE: Final = word_set(
    "NOT IS IN CAST TRY_CAST BETWEEN LIKE ILIKE RLIKE REGEXP CASE DISTINCT INTERVAL DATE TIMESTAMP OVER "
    "EXISTS AS DIV"
)
_Mode: TypeAlias = pb.Expression.Cast
_DECIMAL: Final = re.compile(r"decimal\((\d{1,2}), ?(\d{1,2})\)")


def of_cast(cast: pb.Expression.Cast, name: str) -> str:
    """The name of a column that casts a call of a name: that of a column is called like the column."""
    tries = {_Mode.EVAL_MODE_UNSPECIFIED: "", _Mode.EVAL_MODE_TRY: "TRY_"}
    if cast.eval_mode not in tries:
        raise unsure()
    return f"{tries[cast.eval_mode]}CAST({name} AS {written_type(cast).upper()})"


def written_type(cast: pb.Expression.Cast) -> str:
    """How the type of a cast is written."""
    text = cast.type_str.strip().lower() or str(cast.type.WhichOneof("kind"))
    decimal = _DECIMAL.fullmatch(text)
    written = f"decimal({decimal[1]},{decimal[2]})" if decimal else _WRITTEN.get(text)
    if written is None:
        raise unsure()
    return written


def is_written_alike(expression: pb.Expression) -> bool:
    """Whether an argument is written in a call as it is alone, as the name of a column."""
    for here in walk(expression):
        if not isinstance(here, pb.Expression):
            continue
        match here.WhichOneof("expr_type"):
            case "unresolved_attribute":
                alike = "." not in here.unresolved_attribute.unparsed_identifier
            case "literal":
                alike = here.literal.WhichOneof("literal_type") in _LITERALS_ALIKE
            case "unresolved_function":
                call = here.unresolved_function
                alike = call.function_name.lower() in _ALIKE and not call.is_distinct
            case "expression_string":
                alike = _is_text_alike(here.expression_string.expression)
            case "unresolved_star":
                alike = True
            case _:
                alike = False
        if not alike:
            return False
    return True


def _is_text_alike(text: str) -> bool:
    """The same of SQL text."""
    found = lex(text)
    signs = (one.text for one in found if one.kind == "op")
    words = {one.upper for one in found if one.kind == "word"}
    minus = any(
        one.text == "-" and (place == 0 or (found[place - 1].kind == "op" and found[place - 1].text != ")"))
        for place, one in enumerate(found)
    )
    return (
        not minus
        and words.isdisjoint(_TEXT_OTHERWISE)
        and _SIGNS_ALIKE.issuperset(signs)
        and _ALIKE.issuperset(inspect_expression(text).functions)
    )


def unsure() -> Exception:
    """The refusal of a column whose name is not known for sure."""
    return refused("in a column without a name", "name the column with .alias(...)")
