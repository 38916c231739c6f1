"""Backend errors in words for the author of a metric.

What the author can mend (a wrong column, a division by zero under ANSI, a bad cast) keeps Spark's error
condition and exception class, so that `except` in a metric works, with a text of ours made from the
condition's parameters. Everything else becomes one general text, because a backend's own message
may hold plans, paths and addresses. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.errors import BackendError
from engine.failures import clean, first_part
from sandbox.contract.messages import BACKEND_FAILED, ReplyError

# condition (or its first part) -> text; `{name}` is a message parameter of that condition.
TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "UNRESOLVED_COLUMN.WITH_SUGGESTION": "there is no column {objectName}; did you mean {proposal}?",
        "UNRESOLVED_COLUMN": "there is no column {objectName}",
        "UNRESOLVED_FIELD.WITH_SUGGESTION": "{columnPath} has no field {fieldName}; did you mean {proposal}?",
        "UNRESOLVED_FIELD": "{columnPath} has no field {fieldName}",
        "FIELD_NOT_FOUND": "there is no field {fieldName} in {fields}",
        "UNRESOLVED_MAP_KEY": "the map key {objectName} cannot be resolved; write string keys in quotes",
        "UNRESOLVED_ROUTINE": "there is no function {routineName}",
        "AMBIGUOUS_REFERENCE": "the column {name} is ambiguous: {referenceNames}; alias both sides",
        "AMBIGUOUS_COLUMN_REFERENCE": "the column {name} is ambiguous; alias both sides of the join",
        "COLUMN_ALREADY_EXISTS": "there are two columns {columnName}; rename one of them",
        "DIVIDE_BY_ZERO": "division by zero; use F.try_divide to get null instead, or filter zeros first",
        "REMAINDER_BY_ZERO": "remainder by zero; use F.try_mod to get null instead, or filter zeros first",
        "ARITHMETIC_OVERFLOW": "a number became too large for its type; cast to double or decimal first",
        "BINARY_ARITHMETIC_OVERFLOW": (
            "{value1} {symbol} {value2} is too large for its type; cast to double or decimal first"
        ),
        "NUMERIC_VALUE_OUT_OF_RANGE": "a number does not fit its type; cast to a wider decimal or to double",
        "CAST_INVALID_INPUT": (
            "the value {expression} of type {sourceType} is not a valid {targetType}; "
            "use try_cast to get null for such values"
        ),
        "CAST_OVERFLOW": "the value {value} of type {sourceType} does not fit {targetType}; use try_cast",
        "CANNOT_PARSE_TIMESTAMP": (
            "a text cannot be read as a timestamp in this format; use F.try_to_timestamp"
        ),
        "INVALID_ARRAY_INDEX": "the array has {arraySize} elements, there is none at {indexValue}; use F.get",
        "INVALID_ARRAY_INDEX_IN_ELEMENT_AT": (
            "the array has {arraySize} elements, there is none at {indexValue}; use F.try_element_at"
        ),
        "MAP_KEY_DOES_NOT_EXIST": "the map has no key {keyValue}; use F.try_element_at",
        "MISSING_AGGREGATION": (
            "{expression} is neither grouped by nor aggregated; add it to groupBy, or aggregate it"
        ),
        "MISSING_GROUP_BY": "the query has an aggregate, but no GROUP BY for its other columns",
        "GROUP_BY_AGGREGATE": "an aggregate cannot be grouped by: {sqlExpr}",
        "NESTED_AGGREGATE_FUNCTION": "an aggregate cannot be inside another; aggregate in two steps",
        "DATATYPE_MISMATCH": "the types do not fit in {sqlExpr}; cast one side",
        "UNEXPECTED_INPUT_TYPE": "{functionName} needs another type than {inputType}; cast its argument",
        "INCOMPARABLE_PIVOT_COLUMN": "the column {columnName} cannot be pivoted on",
        "WRONG_NUM_ARGS": "{functionName} takes {expectedNum} arguments, not {actualNum}",
        "PARSE_SYNTAX_ERROR": "the SQL text has a syntax error at or near {error}",
        "PARSE_EMPTY_STATEMENT": "the SQL text is empty",
        "NUM_COLUMNS_MISMATCH": "{operator} needs as many columns on both sides",
        "INCOMPATIBLE_COLUMN_TYPE": "{operator} needs columns of compatible types on both sides",
        "SCALAR_SUBQUERY_TOO_MANY_ROWS": "a subquery used as a value gave more than one row",
        "UNSUPPORTED_FEATURE": "the data engine does not support this",
        "USER_RAISED_EXCEPTION": "raise_error: {errorMessage}",
        "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS": (
            "there is a view {relationName} already; use createOrReplaceTempView"
        ),
        "TABLE_OR_VIEW_NOT_FOUND": "there is no table or view {relationName}; a metric sees its df only",
    }
)

# Exceptions that a query of the author's can cause. Any other class is the backend's own failure.
AUTHOR_EXCEPTIONS: Final = frozenset(
    {
        "org.apache.spark.sql.AnalysisException",
        "org.apache.spark.sql.catalyst.ExtendedAnalysisException",
        "org.apache.spark.sql.catalyst.parser.ParseException",
        "org.apache.spark.SparkRuntimeException",
        "org.apache.spark.SparkArithmeticException",
        "org.apache.spark.SparkNumberFormatException",
        "org.apache.spark.SparkDateTimeException",
        "org.apache.spark.SparkIllegalArgumentException",
        "org.apache.spark.SparkUnsupportedOperationException",
        "org.apache.spark.SparkArrayIndexOutOfBoundsException",
        "org.apache.spark.SparkNoSuchElementException",
        "org.apache.spark.sql.connect.common.InvalidPlanInput",
        "java.lang.ArithmeticException",
        "java.lang.IllegalArgumentException",
        "java.lang.NumberFormatException",
        "java.lang.UnsupportedOperationException",
        "java.lang.ArrayIndexOutOfBoundsException",
        "java.time.DateTimeException",
    }
)

# Conditions about the backend's own state, whatever exception carries them.
_INTERNAL: Final = ("INTERNAL_ERROR", "FAILED_READ_FILE", "CONNECT", "INVALID_HANDLE", "UNKNOWN", "IO")

_GENERAL: Final = "the data engine failed on this query"
_PARAMETER_CHARS: Final = 300
_DETAIL_CHARS: Final = 500


def explain(error: BackendError) -> ReplyError:
    """The reply for a failed query: the author's mistake in our words, or the general text."""
    if not _is_authors(error):
        suffix = f" ({error.condition})" if error.condition else ""
        return ReplyError(BACKEND_FAILED, "", "", _GENERAL + suffix)
    message = _text(error)
    condition = f"[{error.condition}] " if error.condition else ""
    return ReplyError(error.condition, error.exception, error.sql_state, condition + message)


def _is_authors(error: BackendError) -> bool:
    if error.condition.split(".")[0] in _INTERNAL or error.condition.startswith("INTERNAL_ERROR"):
        return False
    return error.exception in AUTHOR_EXCEPTIONS


def _text(error: BackendError) -> str:
    template = TEXTS.get(error.condition) or TEXTS.get(error.condition.split(".")[0])
    if template is not None:
        parameters = {name: clean(value, _PARAMETER_CHARS) for name, value in error.parameters.items()}
        try:
            return template.format_map(parameters)
        except (KeyError, IndexError, ValueError):
            return clean(_first_sentence(error.detail), _DETAIL_CHARS)
    return clean(_first_sentence(error.detail), _DETAIL_CHARS)


def _first_sentence(detail: str) -> str:
    """The backend's first line, without its condition, SQLSTATE and advice on configuration."""
    line = first_part(detail.lstrip()).partition("\n")[0]
    line = re.sub(r"^\[[A-Z0-9_.]+\]\s*", "", line)
    line = re.sub(r"\s*SQLSTATE: \w{5}.*$", "", line)
    return re.sub(r"\s*If necessary set .*$", "", line) or _GENERAL
