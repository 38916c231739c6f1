"""From the counts of segment groups to the frames of a run, their families, and what was cut. Pure.

The order of frames is fixed: the full data over the whole range; then, with windows, the full data in each
window; then group by group, member by member, each over the whole range, or in each window instead if
there are windows. Members come as given, buckets in order, found values most frequent first. A cross goes
through its second side for each member of its first; if a side was found in the data, only pairs
that occur have a frame. Windows and fixed members without rows are frames, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from engine.errors import DataError
from engine.frames.axes import GroupAxes, Member, TermAxis
from engine.frames.frameset import FrameList, FrameSet, Members, tiles_of, whole_range
from engine.frames.group_counts import GroupCounts, Places
from engine.frames.group_families import group_families
from engine.frames.keys import key_layout
from engine.frames.plan import MAX_FRAMES, FramePlan
from engine.models.frame import Segment
from engine.models.result import Cut
from engine.wording import worded


@dataclass(frozen=True, slots=True)
class _Found:
    """A segment with its rows by window."""

    places: Places
    members: tuple[Member, ...]
    rows: dict[int, int]


def assemble(
    plan: FramePlan, total: Counter[int], all_counts: Sequence[GroupCounts], given: Sequence[Members] = ()
) -> FrameSet:
    """Build the frames.

    Args:
        plan: from `plan_frames`.
        total: rows of the full data, by window.
        all_counts: one for each of the plan's groups.
        given: the segments of each group, where they are those of other data; none: what the counts say.

    Raises:
        DataError: more frames than a run may have.
    """
    known = list(zip(plan.groups, all_counts, strict=True))
    wanted: list[Sequence[Places] | None] = [one.places for one in given]
    wanted = wanted or [None] * len(known)
    # A product of fixed members may be enormous; it need not be made to be refused.
    segments = [
        list(islice(_segments(*pair, places), MAX_FRAMES)) for pair, places in zip(known, wanted, strict=True)
    ]
    _check_count(plan, sum(map(len, segments)))
    frames = _frames(plan, total, all_counts, segments)
    cuts = tuple(cut for cut in (_cut(*pair) for pair in known) if cut is not None)
    members = tuple(
        Members(
            tuple(
                tuple(member.value for member in counts.members(axis, i).values())
                for i, axis in enumerate(group.axes)
            ),
            tuple(one.places for one in found),
        )
        for (group, counts), found in zip(known, segments, strict=True)
    )
    return FrameSet(tuple(frames.frames), cuts, tuple(frames.families), members)


def _check_count(plan: FramePlan, segments: int) -> None:
    windows = max(1, len(plan.windows))
    count = (1 + segments) * windows + bool(plan.windows)
    if count > MAX_FRAMES:
        found = f"{count} frames, more than {MAX_FRAMES}: {segments} segments in {windows} windows"
        raise DataError(worded("this run has {found}; {fewer_segments} or {longer_windows}", found=found))


def _segments(group: GroupAxes, counts: GroupCounts, wanted: Sequence[Places] | None) -> Iterator[_Found]:
    """The segments of a group, in order; those that are wanted, if it is said which."""
    sides = [counts.members(axis, i) for i, axis in enumerate(group.axes)]
    fixed = all(axis.members is not None for axis in group.axes)
    by_places: dict[Places, dict[int, int]] = {}
    for (at, window), rows in counts.cells.items():
        if rows:
            by_places.setdefault(at, {})[window] = rows
    for places in wanted if wanted is not None else product(*sides) if fixed else sorted(by_places):
        members = tuple(side[place] for side, place in zip(sides, places, strict=True))
        yield _Found(places, members, by_places.get(places, {}))


def _name(members: tuple[Member, ...]) -> Segment:
    if len(members) == 1:
        return Segment(members[0].group, members[0].value, members[0].type)
    a, b = members
    return Segment((a.group, b.group), (a.value, b.value), (a.type, b.type))


def _frames(
    plan: FramePlan, total: Counter[int], all_counts: Sequence[GroupCounts], segments: Sequence[list[_Found]]
) -> FrameList:
    layout = key_layout(plan)
    window_key = () if layout.window is None else (layout.window,)
    tiles, frames = tiles_of(plan), FrameList()
    if plan.whole is None:
        frames.add(frames.open_family((), None), (whole_range(plan),), {0: total.total()})
    else:
        frames.add_alone(whole_range(plan), 0)
    if plan.windows:
        frames.add(frames.open_family(window_key, None), tiles, total)
    for group, columns, counts, found in zip(plan.groups, layout.axes, all_counts, segments, strict=True):
        terms = [i for i, axis in enumerate(group.axes) if isinstance(axis, TermAxis)]
        families = {
            group_family.terms: (
                group_family,
                frames.open_family(group_family.keys + window_key, group_family.inside),
            )
            for group_family in group_families(group, columns, counts)
        }
        for one in found:
            group_family, family = families[tuple(one.places[i] for i in terms)]
            conditions = tuple(member.condition for member in one.members)
            key = group_family.key(one.places)
            frames.add(family, tiles, one.rows, key=key, segment=_name(one.members), conditions=conditions)
    return frames


def _cut(group: GroupAxes, counts: GroupCounts) -> Cut | None:
    rows, members = counts.total.total() - counts.covered, sum(counts.others.values())
    return Cut(group.name, members, rows) if rows or members else None
