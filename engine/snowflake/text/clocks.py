"""What a query says of the time now: the run's `as_of` as a constant, or a refusal. Trusted side, pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlglot import exp

from engine.errors import PlanRefused
from engine.snowflake.text.check import CheckedQuery, reread
from engine.snowflake.text.emit import Writer
from engine.snowflake.text.functions import known_functions

# What each clock gives, and how it is written.
_TYPES: Final = {
    "CURRENT_DATE": ("DATE", "%Y-%m-%d"),
    "CURRENT_TIMESTAMP": ("TIMESTAMPLTZ", "%Y-%m-%d %H:%M:%S.%f+00:00"),
    "GETDATE": ("TIMESTAMPLTZ", "%Y-%m-%d %H:%M:%S.%f+00:00"),
    "LOCALTIMESTAMP": ("TIMESTAMPLTZ", "%Y-%m-%d %H:%M:%S.%f+00:00"),
    "SYSTIMESTAMP": ("TIMESTAMPLTZ", "%Y-%m-%d %H:%M:%S.%f+00:00"),
    "SYSDATE": ("TIMESTAMPNTZ", "%Y-%m-%d %H:%M:%S.%f"),
}


def tell_time(query: CheckedQuery, now: datetime | None) -> CheckedQuery:
    """The query with the time put in; the same query if it does not ask for it.

    Args:
        query: checked.
        now: the run's `as_of`; None if it has none.

    Raises:
        PlanRefused: it asks for the time and there is none, or for a form of it that is not offered.
    """
    known = known_functions()
    clocks = [name for name in query.functions if known[name].kind == "clock"]
    if not clocks:
        return query
    if now is None or not set(clocks) <= _TYPES.keys():
        name = next((name for name in clocks if name not in _TYPES), clocks[0])
        raise PlanRefused(
            "function-refused",
            f"{name} asks for the time at which the metric happens to run",
            "give the run an as_of, and ask with current_timestamp() or current_date()",
        )

    def told(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Anonymous) or node.this not in _TYPES:
            return node
        kind, form = _TYPES[node.this]
        text = exp.Literal.string(now.astimezone(UTC).strftime(form))
        return exp.Cast(this=text, to=exp.DataType(this=exp.DataType.Type[kind]))

    return reread(Writer().write(query.tree.copy().transform(told)))
