"""Trusted side: the one place where plan checking meets SQL checking (`engine.spark.text`).

Everything that is text and would be parsed by the backend goes through here: expressions, queries, type
strings and function names. Each check returns the text as re-emitted from its parsed form.
"""

from __future__ import annotations

import re
from typing import Final

from engine.errors import PlanRefused
from engine.spark.plans.names import check_text
from engine.spark.plans.rules import Place
from engine.spark.plans.trees import Call
from engine.spark.text.check import check_query, inspect_expression
from engine.spark.text.functions import classify
from engine.spark.text.schemas import check_schema, check_type

# What PySpark's Column operators send as function names; no call in SQL text has these.
OPERATORS: Final = frozenset(
    {"+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "<=>", "and", "or", "not", "!"}
    | {"&", "|", "^", "~", "in", "isNull", "isNotNull", "isNaN", "contains", "startsWith", "endsWith"}
    | {"like", "ilike", "rlike", "negative", "substr", "power", "when", "between"}
)
_FUNCTION: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")

# Functions with an argument that is a schema, by its position. Spark evaluates it while it plans, and
# a JSON schema can name a Java class to load; so it must be a literal that can be read here.
SCHEMA_FUNCTIONS: Final = {"from_json": 1, "from_csv": 1, "variant_get": 2, "try_variant_get": 2}
_SCHEMA_OF: Final = frozenset({"schema_of_json", "schema_of_csv"})


def check_function(name: str, _place: Place) -> str:
    """Check the name of a function.

    Raises:
        PlanRefused: if the table of functions does not allow it.
    """
    if name in OPERATORS:
        return name
    if _FUNCTION.fullmatch(name) is None:
        raise PlanRefused(
            "function-refused",
            f"the function name {name[:100]!r} is refused: it is not a plain name",
            "call functions by their own names, without a catalog or schema before them",
        )
    rule = classify(name)
    if not rule.allowed:
        raise PlanRefused("function-refused", f"the function {name} is refused: {rule.reason}", rule.hint)
    return name


def check_call(call: Call, place: Place) -> None:
    """Check the arguments of a function one of whose arguments is a schema.

    Raises:
        PlanRefused: if the schema is not a literal, or not a plain schema.
    """
    index = SCHEMA_FUNCTIONS.get(call.function_name.lower())
    if index is None or len(call.arguments) <= index:
        return
    schema = call.arguments[index]
    if schema.WhichOneof("expr_type") == "literal" and schema.literal.WhichOneof("literal_type") == "string":
        check_schema_text(schema.literal.string, place)
    elif schema.unresolved_function.function_name.lower() not in _SCHEMA_OF:
        raise PlanRefused(
            "function-refused",
            f"the schema given to F.{call.function_name} is refused: it must be a plain text or a StructType",
            'write the schema out, as in F.from_json(col, "a INT, b STRING")',
        )


def check_schema_text(text: str, place: Place) -> str:
    """Check a schema or type given as text, in Spark's JSON form or as DDL, and return it.

    Raises:
        PlanRefused: for anything but plain data types.
    """
    _count_text(text, place)
    return check_schema(text)


def check_type_text(text: str, place: Place) -> str:
    """Check a type given as DDL text, as in `cast("int")`.

    Raises:
        PlanRefused: for anything but a plain data type.
    """
    _count_text(text, place)
    return check_type(text)


def check_expression_text(text: str, place: Place) -> str:
    """Check SQL expression text.

    Raises:
        PlanRefused: if something in it is not allowed.
    """
    _count_text(text, place)
    return inspect_expression(text, columns=place.columns, stop=place.budget.stop).text


def check_query_text(text: str, place: Place) -> str:
    """Check the text of a query at a place that says which views it may read.

    Raises:
        PlanRefused: if something in it is not allowed.
    """
    _count_text(text, place)
    if place.views is None:
        return text
    return check_query(text, views=place.views, stop=place.budget.stop).text


def _count_text(text: str, place: Place) -> None:
    check_text(text, place)
    place.budget.add_sql(len(text))
