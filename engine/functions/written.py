"""How Spark writes what its functions are given, in the names that it makes for columns.

Among the arguments of a function of the author Spark writes some expressions otherwise than in the name of a
column of their own. What is not known for sure is refused, as an author may ask for a column by its name.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

import pyspark.sql.connect.proto as pb

from engine.functions.find import refused
from engine.plans.trees import walk
from engine.sql.check import inspect_expression
from engine.sql.lexer import lex
from engine.sql.words import word_set

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
    "+ - * / % < <= > >= == <=> and or & | ^ when isnan coalesce upper lower length abs round sqrt exp ln "
    "log1p power pow greatest least concat concat_ws substring substr year month dayofweek datediff "
    "date_diff date_add array array_contains floor ceil ceiling signum nvl ifnull nanvl nullif like rlike "
    "lpad regexp_replace format_string expm1 sin sum avg mean count max min stddev"
)
_LITERALS_ALIKE: Final = word_set("null boolean byte short integer long float double decimal string")
# Others: the first argument is {0}, all others are {1}, or {2} without spaces.
WRITTEN_IN_CALLS: Final = {
    "negative": "-{0}",
    "not": "NOT {0}",
    "isnull": "isnull({0})",
    "isnotnull": "isnotnull({0})",
    "in": "{0} IN ({2})",
    "trim": "trim({0}, None)",
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
