"""Segment groups as JSON: {"by": "country"}, {"by": "age", "buckets": [18, 25]}, {"label", "where"}.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from engine import SegmentGroup
from engine.errors import UsageError


def segment_group(definition: Mapping[str, Any]) -> SegmentGroup:
    """The segment group of a definition.

    Raises:
        UsageError: it makes no sense.
    """
    if "terms" in definition:
        return SegmentGroup.by_terms(definition["terms"])
    if "where" in definition:
        return SegmentGroup.where(definition["label"], definition["where"])
    field = definition["by"]
    if "buckets" in definition:
        edges = [_edge(edge) for edge in definition["buckets"]]
        return SegmentGroup.by_buckets(field, edges, outer=definition.get("outer", False))
    if "values" in definition:
        return SegmentGroup.by_value(field, values=definition["values"])
    return SegmentGroup.by_value(field, top=definition.get("top", 100))


def _edge(edge: float | str) -> int | float | date:
    if not isinstance(edge, str):
        return edge
    try:
        return date.fromisoformat(edge)
    except ValueError:
        raise UsageError(f"buckets: {edge!r} is neither a number nor a date such as '2026-11-01'") from None
