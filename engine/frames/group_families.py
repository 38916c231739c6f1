"""The families that a segment group has, and what its segments are called in them. Pure.

A group of keyed axes is one family. One with a term axis has a family for each term, or pair of terms:
a row may be in several of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

import pyspark.sql.connect.proto as pb

from engine.frames.axes import GroupAxes, KeyedAxis, TermAxis
from engine.frames.build import all_of
from engine.frames.group_counts import GroupCounts, Places, term_places
from engine.frames.normal import column_of, keys_of
from engine.frames.values import among


@dataclass(frozen=True, slots=True)
class _Side:
    """An axis within a family: its column, what a member's place is in it, and which rows have a place."""

    column: int
    values: Mapping[int, Hashable]
    inside: pb.Expression | None


@dataclass(frozen=True, slots=True)
class GroupFamily:
    """A family of a group, without windows.

    Attributes:
        terms: the places of its members on the group's term axes.
        sides: one for each axis of the group.
        covers: whether each row is in one of its frames.
    """

    terms: Places
    sides: tuple[_Side, ...]
    covers: bool

    @property
    def keys(self) -> tuple[int, ...]:
        """The columns that tell its frames apart, each once."""
        return tuple(dict.fromkeys(side.column for side in self.sides))

    @property
    def inside(self) -> pb.Expression | None:
        """The condition that a row is in any of its frames; None: each row is."""
        conditions = [side.inside for side in self.sides if side.inside is not None]
        return all_of(conditions) if conditions and not self.covers else None

    def key(self, places: Places) -> tuple[Hashable, ...] | None:
        """The values of its keys in a segment; None if both sides of a cross ask for another one."""
        values: dict[int, Hashable] = {}
        for side, place in zip(self.sides, places, strict=True):
            if values.setdefault(side.column, side.values[place]) != side.values[place]:
                return None
        return tuple(values.values())


def group_families(
    group: GroupAxes, columns: tuple[tuple[int, ...], ...], counts: GroupCounts
) -> Iterator[GroupFamily]:
    """The families of a group, in the order of its terms.

    Args:
        group: a resolved segment group of any kind.
        columns: for each axis the column of its key, or one for each of its terms.
        counts: what is known of the group.
    """
    keyed = {
        i: _keyed_side(axis, columns[i][0], counts, i)
        for i, axis in enumerate(group.axes)
        if isinstance(axis, KeyedAxis)
    }
    covers = len(keyed) == len(group.axes) and counts.covered == counts.total.total()
    for terms in term_places(group) or [{}]:
        sides = tuple(
            _term_side(axis, columns[i], terms[i]) if isinstance(axis, TermAxis) else keyed[i]
            for i, axis in enumerate(group.axes)
        )
        yield GroupFamily(tuple(terms.values()), sides, covers)


def _keyed_side(axis: KeyedAxis, column: int, counts: GroupCounts, i: int) -> _Side:
    if axis.field is None:
        assert axis.members is not None
        return _Side(column, {place: place for place in range(1, len(axis.members) + 1)}, axis.inside)
    found = counts.members(axis, i)
    values = [member.value for member in found.values()]
    keys = keys_of(column_of(values, axis.field.type))
    inside = among(axis.field, values) if counts.others.get(i) else None
    return _Side(column, dict(zip(found, keys, strict=True)), inside)


def _term_side(axis: TermAxis, columns: tuple[int, ...], place: int) -> _Side:
    return _Side(columns[place - 1], {place: True}, axis.members[place - 1].condition)
