"""Segment groups as JSON: {"by": "country"}, {"by": "age", "buckets": [18, 25]}, {"label", "where"}.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from engine import SegmentGroup
from engine.errors import UsageError
from engine.service.store.tables import DataSegment


def segment_group(definition: Mapping[str, Any]) -> SegmentGroup:
    """The segment group of a definition.

    Raises:
        UsageError: it makes no sense.
    """
    if (terms := _terms(definition)) is not None:
        return SegmentGroup.by_terms(terms, definition.get("group"))
    field = definition["by"]
    if "buckets" in definition:
        edges = [_edge(edge) for edge in definition["buckets"]]
        return SegmentGroup.by_buckets(field, edges, outer=definition.get("outer", False))
    if "values" in definition:
        return SegmentGroup.by_value(field, values=definition["values"])
    return SegmentGroup.by_value(field, top=definition.get("top", 100))


def groups_of(segments: Sequence[DataSegment]) -> dict[str, SegmentGroup]:
    """The segment groups of a model by their ids, named so that results tell all of their segments apart.

    Raises:
        UsageError: one makes no sense.
    """
    names = names_of(segments)
    return {
        one.id: segment_group(one.definition | ({"group": names[one.id]} if one.id in names else {}))
        for one in segments
    }


def names_of(segments: Sequence[DataSegment]) -> dict[str, str]:
    """What results call groups of conditions that need a name, by their ids.

    Two groups may both have a "high" and a "low" that mean different rows. The one that was written first is
    known by its labels alone, the other one by its own name as well, which it keeps from then on.
    """
    found = {one.id: str(one.definition["group"]) for one in segments if "group" in one.definition}
    meant: dict[str, str] = {}
    for one in sorted(segments, key=lambda one: one.changed_at or one.created_at):
        terms = _terms(one.definition)
        if terms is None or one.id in found:
            continue
        if all(meant.get(label, expression) == expression for label, expression in terms.items()):
            meant |= terms
        else:
            taken = {*terms, *found.values()}
            found[one.id] = next(name for name in (one.name, one.id) if name and name not in taken)
    return found


def _terms(definition: Mapping[str, Any]) -> dict[str, str] | None:
    """The conditions of a group by their labels; None of one that goes by a field."""
    if "where" in definition:
        return {definition["label"]: definition["where"]}
    return definition.get("terms")


def _edge(edge: float | str) -> int | float | date:
    if not isinstance(edge, str):
        return edge
    try:
        return date.fromisoformat(edge)
    except ValueError:
        raise UsageError(f"buckets: {edge!r} is neither a number nor a date such as '2026-11-01'") from None
