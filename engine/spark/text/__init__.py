"""SQL text that comes from guests: what may be in it, and which functions may be called."""

from engine.spark.text.check import (
    CheckedExpression,
    CheckedQuery,
    check_expression,
    check_query,
    inspect_expression,
)
from engine.spark.text.functions import FunctionRule, classify, known_functions
from engine.spark.text.schemas import check_schema, check_type

__all__ = [
    "CheckedExpression",
    "CheckedQuery",
    "FunctionRule",
    "check_expression",
    "check_query",
    "check_schema",
    "check_type",
    "classify",
    "inspect_expression",
    "known_functions",
]
