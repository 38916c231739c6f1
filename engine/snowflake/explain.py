"""Errors of SQL backends in words for the author of a Snowpark metric. Pure.

What the author can mend (a wrong column, a division by zero, a bad cast) is told with the backend's first
sentence, cleaned of paths and addresses, or a text of ours. Everything else becomes one general text.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from engine.errors import BackendError
from engine.failures import clean
from engine.snowflake.text.names import SOURCE_PREFIX
from sandbox.contract.messages import BACKEND_FAILED, ReplyError

_GENERAL: Final = "the data engine failed on this query"
_CHARS: Final = 500
# The names that the engine gives to its own parts of a query.
_OWN: Final = re.compile(r'"?_+calcmetric_\w+"?\.?', re.IGNORECASE)
_OWN_PREFIX: Final = re.compile(rf"(?<!\w){SOURCE_PREFIX}", re.IGNORECASE)
_PREFIX: Final = re.compile(r"^(?:[A-Z][A-Za-z ]+ Error: )+")
_PLACE: Final = re.compile(r"^SQL compilation error:\s*(?:error line \d+ at position \d+)?\s*")
_SNOWFLAKE_PREFIX: Final = re.compile(r"^\d+ \(\w+\):(?: [\w-]{20,}:)?\s*")

# DuckDB's classes of errors that a query of the author's can cause.
DUCKDB_AUTHORS: Final = frozenset(
    {
        "BinderException", "ConversionException", "OutOfRangeException", "InvalidInputException",
        "InvalidTypeException", "TypeMismatchException", "ParserException", "SyntaxException",
        "CatalogException", "NotImplementedException",
    }
)  # fmt: skip

# Snowflake's numbers of errors that a query of the author's can cause -> what to say; "" for its own words.
SNOWFLAKE_AUTHORS: Final = MappingProxyType(
    {
        "100051": "division by zero; use div0, or filter zeros first",
        "100035": "a text cannot be read as a timestamp or date; use try_cast, or try_to_timestamp",
        "100038": "a text cannot be read as a number; use try_cast",
        "100039": "a number does not fit its type; cast it to a wider type first",
        "100040": "a text cannot be read as a date; use try_cast",
        "100046": "a number is too large for its type; cast to double first",
        "100071": "a value of a VARIANT is not of this type; use try_cast",
        "100078": "a text is too long for its type",
        "100132": "a number does not fit its type; cast it to a wider type first",
        "100183": "a subquery used as a value gave more than one row",
        "000904": "",  # invalid identifier
        "000979": "",  # neither grouped by nor aggregated
        "001003": "",  # syntax
        "001007": "",  # types of arguments
        "001038": "",  # cannot be cast
        "001044": "",  # types of arguments
        "001065": "",  # number of arguments
        "001104": "",  # ambiguous
        "002016": "",  # number of arguments
        "002028": "",  # ambiguous column
        "002140": "",  # unknown function
    }
)


def explain_sql(error: BackendError) -> ReplyError:
    """The reply for a failed query: the author's mistake, or the general text."""
    family, _, name = error.exception.partition(".")
    if family == "duckdb" and name in DUCKDB_AUTHORS:
        return ReplyError("", "", "", _first_sentence(error.detail))
    if family == "snowflake" and name in SNOWFLAKE_AUTHORS:
        said = SNOWFLAKE_AUTHORS[name] or _first_sentence(error.detail)
        return ReplyError(name, "", error.sql_state, said)
    return ReplyError(BACKEND_FAILED, "", "", _GENERAL)


def _first_sentence(detail: str) -> str:
    """The backend's first sentence, without numbers, ids, and places in a text that no author ever saw."""
    said = _PLACE.sub("", _PREFIX.sub("", _SNOWFLAKE_PREFIX.sub("", detail.strip())))
    return clean(_OWN_PREFIX.sub("", _OWN.sub("", said.strip().partition("\n")[0])), _CHARS) or _GENERAL
