"""The refusals that checks of nodes share. Trusted side, pure."""

from __future__ import annotations

from typing import Final

from engine.errors import PlanRefused

PLAINER: Final = "use the DataFrame API, or plain SQL expressions"

# Classes of nodes that people do write, with what to use instead.
_SPECIAL: Final = {
    "Dot": (
        "function-qualified",
        "a name of several parts is refused",
        "call built-in functions by their own names; name columns alone or after an alias",
    ),
    "Parameter": ("sql-refused", "$1, $name and @stage are refused", "use the columns of the frame"),
    "SessionParameter": ("sql-refused", "variables are refused", "use the columns of the frame"),
    "Placeholder": ("sql-parameter", "parameter markers are refused", "write the value with lit()"),
    "Lateral": ("read-refused", "LATERAL is refused", "compute on arrays in Python, after to_pandas()"),
    "TableFromRows": ("read-refused", "TABLE() is refused", "use the DataFrame"),
    "JSONExtract": ("sql-refused", "paths such as a:b are refused", "use GET_PATH(a, 'b')"),
    "Any": ("sql-refused", "ANY is refused", "use IN (...), or give pivot its values"),
    "All": ("sql-refused", "ALL is refused", "compare with MAX or MIN of a query"),
    "DynamicIdentifier": ("sql-refused", "IDENTIFIER() is refused", "use the columns of the frame"),
    "Lambda": ("sql-refused", "lambda functions are refused", "compute on arrays in Python"),
    "Kwarg": ("sql-refused", "arguments with names are refused", "give them by their place"),
    "Filter": ("sql-refused", "FILTER is not Snowflake's", "use COUNT_IF, or IFF inside of the aggregate"),
}


def refused(what: str, hint: str = PLAINER) -> PlanRefused:
    """A refusal of something in SQL text."""
    return PlanRefused("sql-refused", f"the SQL text is refused: {what}", hint)


def refused_class(kind: str) -> PlanRefused:
    """The refusal of a class of nodes."""
    if kind in _SPECIAL:
        return PlanRefused(*_SPECIAL[kind])
    return refused(f"{kind} is not allowed")


def kind_of(node: object) -> str:
    """The class of a node, by name."""
    return type(node).__name__
