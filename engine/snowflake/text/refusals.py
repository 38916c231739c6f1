"""The refusals that checks of nodes share. Trusted side, pure."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from engine.errors import PlanRefused

PLAINER: Final = "use the DataFrame API, or plain SQL expressions"

# Classes of nodes that people do write, with what to use instead.
_SPECIAL: Final[dict[type[exp.Expr], tuple[str, str, str]]] = {
    exp.Dot: (
        "function-qualified",
        "a name of several parts is refused",
        "call built-in functions by their own names; name columns alone or after an alias",
    ),
    exp.Parameter: ("sql-refused", "$1, $name and @stage are refused", "use the columns of the frame"),
    exp.SessionParameter: ("sql-refused", "variables are refused", "use the columns of the frame"),
    exp.Placeholder: ("sql-parameter", "parameter markers are refused", "write the value with lit()"),
    exp.Lateral: ("read-refused", "LATERAL is refused", "compute on arrays in Python, after to_pandas()"),
    exp.TableFromRows: ("read-refused", "TABLE() is refused", "use the DataFrame"),
    exp.JSONExtract: ("sql-refused", "paths such as a:b are refused", "use GET_PATH(a, 'b')"),
    exp.Any: ("sql-refused", "ANY is refused", "use IN (...), or give pivot its values"),
    exp.All: ("sql-refused", "ALL is refused", "compare with MAX or MIN of a query"),
    exp.DynamicIdentifier: ("sql-refused", "IDENTIFIER() is refused", "use the columns of the frame"),
    exp.Lambda: ("sql-refused", "lambda functions are refused", "compute on arrays in Python"),
    exp.Kwarg: ("sql-refused", "arguments with names are refused", "give them by their place"),
    exp.Filter: ("sql-refused", "FILTER is not Snowflake's", "use COUNT_IF, or IFF inside of the aggregate"),
}


def refused(what: str, hint: str = PLAINER) -> PlanRefused:
    """A refusal of something in SQL text."""
    return PlanRefused("sql-refused", f"the SQL text is refused: {what}", hint)


def refused_class(kind: type[exp.Expr]) -> PlanRefused:
    """The refusal of a class of nodes."""
    if kind in _SPECIAL:
        return PlanRefused(*_SPECIAL[kind])
    return refused(f"{kind.__name__} is not allowed")
