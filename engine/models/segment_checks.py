"""What can be known to be wrong with a segment group without its data. Pure; trusted side."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Final

from engine.errors import UsageError
from engine.models.frame import Scalar
from engine.wording import worded

Edge = int | float | Decimal | date | datetime

# Bounds that keep one run's plans and results at a sane size; a run has its own bound on frames beside.
MAX_MEMBERS: Final = 10_000
_VALUE_TYPES: Final = (bool, int, float, Decimal, str, date)
_EDGE_TYPES: Final = (int, float, Decimal, date)


def check_name(name: object, what: str) -> None:
    """Raise UsageError for what is no text, or an empty one."""
    if not isinstance(name, str) or not name.strip():
        raise UsageError(f"{what} must be a text that is not empty, not {name!r}")


def check_values(field: str, values: tuple[Scalar, ...]) -> None:
    """Raise UsageError for no values, too many, of no known type, of mixed types, or given twice."""
    where = f"segments by {field!r}: values"
    if not 0 < len(values) <= MAX_MEMBERS:
        raise UsageError(
            f"{where} must be from 1 to {MAX_MEMBERS}, not {len(values)}; leave it out to find them"
        )
    for value in values:
        if value is not None and not isinstance(value, _VALUE_TYPES):
            raise UsageError(
                f"{where}: {value!r} is a {type(value).__name__}; use text, numbers, dates or None"
            )
        if isinstance(value, Decimal) and not value.is_finite():
            raise UsageError(f"{where}: {value!r} is not a decimal number; for NaN write float('nan')")
    kinds = {_kind(value) for value in values if value is not None}
    if len(kinds) > 1:
        raise UsageError(f"{where} are of mixed types: {', '.join(sorted(kinds))}; give values of one type")
    seen: set[object] = set()
    for value in values:
        key = "nan" if isinstance(value, float) and math.isnan(value) else (value,)
        if key in seen:
            raise UsageError(f"{where}: {value!r} is given twice")
        seen.add(key)


def check_edges(where: str, edges: tuple[Edge, ...], least: int) -> None:
    """Raise UsageError for fewer than `least` edges, not finite or ascending ones, or mixed types."""
    if not least <= len(edges) <= MAX_MEMBERS:
        raise UsageError(
            worded(
                "{where}: give at least {least} edges (and at most {most}), not {count}; "
                "n edges make n-1 buckets{open_ends}",
                where=where,
                least=least,
                most=MAX_MEMBERS,
                count=len(edges),
            )
        )
    for edge in edges:
        if isinstance(edge, bool) or not isinstance(edge, _EDGE_TYPES):
            raise UsageError(f"{where}: edge {edge!r} is not a number, a date or a datetime")
        if isinstance(edge, float | Decimal) and not math.isfinite(edge):
            wrong = f"{where}: edge {edge!r} is not finite"
            raise UsageError(worded("{wrong}{open_ends}", wrong=wrong))
    kinds = {_kind(edge) for edge in edges}
    if len(kinds) > 1:
        raise UsageError(
            f"{where}: edges are of mixed types: {', '.join(sorted(kinds))}; give edges of one type"
        )
    for low, high in pairwise(edges):
        if not low < high:  # type: ignore[operator]  # of one kind, as just checked
            raise UsageError(f"{where}: edges must ascend, but {high!r} follows {low!r}")


def _kind(value: object) -> str:
    """What a value may be mixed with: numbers with numbers, and else only its own type."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float | Decimal):
        return "number"
    if isinstance(value, datetime):
        return "datetime without a zone" if value.utcoffset() is None else "datetime"
    return "date" if isinstance(value, date) else "text"
