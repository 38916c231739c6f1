"""What the queries of a run say of a segment group: rows by members and window, what was found. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import product

from engine.frames.axes import Axis, GroupAxes, Member, TermAxis

# The places of a segment's members on its group's axes, from 1.
Places = tuple[int, ...]


@dataclass(slots=True)
class GroupCounts:
    """What is known of a group. Rows by window have the window's index, or 0 without windows.

    Attributes:
        total: rows of the full data, by window.
        cells: rows of each segment, by window; those without rows may be left out.
        covered: rows that are in any segment.
        found: for each axis whose members are found, those by place.
        others: for each axis of values, how many got no place.
    """

    total: Counter[int] = field(default_factory=Counter)
    cells: Counter[tuple[Places, int]] = field(default_factory=Counter)
    covered: int = 0
    found: dict[int, dict[int, Member]] = field(default_factory=dict)
    others: dict[int, int] = field(default_factory=dict)

    def members(self, axis: Axis, i: int) -> dict[int, Member]:
        """The members of the group's axis at an index by their places, in order."""
        if axis.members is None:
            return dict(sorted(self.found.get(i, {}).items()))
        return dict(enumerate(axis.members, 1))


def term_places(group: GroupAxes) -> list[dict[int, int]]:
    """Each term, or pair of terms, as the places on the term axes; none if the group has no such axis."""
    terms = {i: axis for i, axis in enumerate(group.axes) if isinstance(axis, TermAxis)}
    if not terms:
        return []
    spans = [range(1, len(axis.members) + 1) for axis in terms.values()]
    return [dict(zip(terms, places, strict=True)) for places in product(*spans)]
