"""From the answers of the count queries to the frames of a run, their rows, and what was cut. Pure.

The order of frames is fixed: the full data over the whole range; then, with windows, the full data in each
window; then group by group, member by member, each over the whole range, or in each window instead if
there are windows. Members come as given, buckets in order, found values most frequent first. A cross goes
through its second side for each member of its first; if a side was found in the data, only pairs
that occur have a frame. Windows and fixed members without rows are frames, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Any

import pyspark.sql.connect.proto as pb

from engine.errors import DataError
from engine.frames.axes import GroupAxes, KeyedAxis, Member, TermAxis
from engine.frames.build import all_of, filtered
from engine.frames.plan import MAX_FRAMES, FramePlan
from engine.models.frame import Frame, Segment
from engine.models.result import Cut
from engine.models.windows import Window

# The places of a segment's members on its group's axes, from 1.
Places = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PlannedFrame:
    """A frame, and how to read it.

    Attributes:
        frame: its name.
        rows: how many rows it has.
        conditions: a row is in it if all are true; null counts as no.
    """

    frame: Frame
    rows: int
    conditions: tuple[pb.Expression, ...]

    @property
    def predicate(self) -> pb.Expression | None:
        """The condition that a row is in the frame; None: every row is."""
        return all_of(self.conditions) if self.conditions else None

    def relation(self, source: pb.Relation) -> pb.Relation:
        """The frame's rows, of all rows of the dataset."""
        return filtered(source, self.predicate)


@dataclass(frozen=True, slots=True)
class FrameSet:
    """The frames of a run.

    Attributes:
        frames: in order of their indices; the first is the full data over the whole range.
        cut: rows in no segment of a group, for each group that has any.
    """

    frames: tuple[PlannedFrame, ...]
    cut: tuple[Cut, ...]


@dataclass(slots=True)
class _Tally:
    """What one count query says. Rows by window have the window's index, or 0 without windows."""

    total: Counter[int] = field(default_factory=Counter)
    cells: Counter[tuple[Places, int]] = field(default_factory=Counter)
    covered: int = 0
    found: dict[int, dict[int, Member]] = field(default_factory=dict)
    others: dict[int, int] = field(default_factory=dict)


def interpret_counts(plan: FramePlan, tables: Sequence[Any]) -> FrameSet:
    """Build the frames.

    Args:
        plan: from `plan_frames`.
        tables: the pyarrow Tables that the plan's `count_queries` gave, in their order.

    Raises:
        DataError: more frames than a run may have, or a value that Python cannot hold.
    """
    groups = plan.groups or (GroupAxes("", ()),)
    tallies = [_read(group, table) for group, table in zip(groups, tables, strict=True)]
    known = list(zip(plan.groups, tallies, strict=False))  # without groups, one tally for the full data
    # A product of fixed members may be enormous; it need not be made to be refused.
    segments = [found for pair in known for found in islice(_segments(*pair), MAX_FRAMES)]
    count = (1 + len(segments)) * max(1, len(plan.windows)) + bool(plan.windows)
    if count > MAX_FRAMES:
        raise DataError(
            f"this run has {count} frames, more than {MAX_FRAMES}: {len(segments)} segments in "
            f"{max(1, len(plan.windows))} windows; use fewer segments (top=...) or longer windows (every=...)"
        )
    frames = tuple(_frames(plan, tallies[0].total, segments))
    cuts = tuple(cut for cut in (_cut(*pair) for pair in known) if cut is not None)
    return FrameSet(frames, cuts)


@dataclass(frozen=True, slots=True)
class _Found:
    """A segment with its rows by window."""

    segment: Segment
    members: tuple[Member, ...]
    rows: dict[int, int]


def _read(group: GroupAxes, table: Any) -> _Tally:
    """Add up one answer."""
    tally = _Tally()
    keyed = [i for i, axis in enumerate(group.axes) if isinstance(axis, KeyedAxis)]
    pairs = _term_places(group)
    for row in _rows(table):
        window = int(row.get("w") or 0)
        tally.total[window] += row["n"]
        places = {i: int(row[f"p{i}"]) for i in keyed}
        for i in keyed:
            _note_value(tally, group.axes[i], i, places[i], row)
        if not all(places.values()):
            continue
        tally.covered += row["c"] if pairs else row["n"]
        if not pairs:
            tally.cells[tuple(places.values()), window] += row["n"]
        for number, terms in enumerate(pairs):
            at = {**places, **terms}
            tally.cells[tuple(at[i] for i in range(len(group.axes))), window] += row[f"t{number}"]
    return tally


def _rows(table: Any) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = table.to_pylist()
    except (ValueError, OverflowError) as error:
        raise DataError(
            f"the data has a value that cannot be a segment: {error}; use where(...) instead"
        ) from None
    return rows


def _note_value(tally: _Tally, axis: Any, i: int, place: int, row: dict[str, Any]) -> None:
    """Keep a found value, or the number of values that got no place."""
    if axis.field is None:
        return
    if place == 0:
        tally.others[i] = max(tally.others.get(i, 0), row[f"m{i}"] - axis.top)
    elif axis.members is None and place not in tally.found.setdefault(i, {}):
        tally.found[i][place] = axis.member(row[f"k{i}"])


def _term_places(group: GroupAxes) -> list[dict[int, int]]:
    """For each count of terms, the places of its members on the term axes."""
    terms = {i: axis for i, axis in enumerate(group.axes) if isinstance(axis, TermAxis)}
    if not terms:
        return []
    spans = [range(1, len(axis.members) + 1) for axis in terms.values()]
    return [dict(zip(terms, places, strict=True)) for places in product(*spans)]


def _segments(group: GroupAxes, tally: _Tally) -> Iterator[_Found]:
    """The segments of a group, in order."""
    sides = [dict(_members(axis, tally.found.get(i, {}))) for i, axis in enumerate(group.axes)]
    fixed = all(axis.members is not None for axis in group.axes)
    by_places: dict[Places, dict[int, int]] = {}
    for (at, window), rows in tally.cells.items():
        if rows:
            by_places.setdefault(at, {})[window] = rows
    for places in product(*sides) if fixed else sorted(by_places):
        members = tuple(side[place] for side, place in zip(sides, places, strict=True))
        yield _Found(_name(members), members, by_places.get(places, {}))


def _members(axis: Any, found: dict[int, Member]) -> list[tuple[int, Member]]:
    return sorted(found.items()) if axis.members is None else list(enumerate(axis.members, 1))


def _name(members: tuple[Member, ...]) -> Segment:
    if len(members) == 1:
        return Segment(members[0].group, members[0].value, members[0].type)
    a, b = members
    return Segment((a.group, b.group), (a.value, b.value), (a.type, b.type))


def _frames(plan: FramePlan, total: Counter[int], segments: list[_Found]) -> Iterator[PlannedFrame]:
    whole = _as_tuple(plan.inside)
    yield PlannedFrame(Frame(0), total.total(), whole)
    index = 1
    tiles = _tiles(plan)
    for window, place, inside in tiles if plan.windows else ():
        yield PlannedFrame(Frame(index, None, window), total[place], inside)
        index += 1
    for found in segments:
        conditions = tuple(member.condition for member in found.members)
        for window, place, inside in tiles:
            yield PlannedFrame(
                Frame(index, found.segment, window), found.rows.get(place, 0), inside + conditions
            )
            index += 1


def _tiles(plan: FramePlan) -> list[tuple[Window | None, int, tuple[pb.Expression, ...]]]:
    """Each window with its place and condition; the whole range if there are no windows."""
    if plan.clock is None or not plan.windows:
        return [(None, 0, _as_tuple(plan.inside))]
    intervals = plan.clock.intervals(plan.windows, plan.bound)
    return [
        (window, place, _as_tuple(plan.clock.inside(interval)))
        for place, (window, interval) in enumerate(zip(plan.windows, intervals, strict=True))
    ]


def _as_tuple(condition: pb.Expression | None) -> tuple[pb.Expression, ...]:
    return () if condition is None else (condition,)


def _cut(group: GroupAxes, tally: _Tally) -> Cut | None:
    rows, members = tally.total.total() - tally.covered, sum(tally.others.values())
    return Cut(group.name, members, rows) if rows or members else None
