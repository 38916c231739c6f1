"""What a run's baseline frames are: a plan of their own, whose frames go with those of the data. Pure.

A baseline has the segments of the data, by the same conditions on its own columns. Other data and a first
stretch are the same for every window; the previous window is another one for each, so that such a plan has
windows, too, each the calendar's before the one in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from engine.errors import DataError, UsageError
from engine.frames.axes import GroupAxes, with_members
from engine.frames.clock import Interval, TimestampColumn
from engine.frames.frameset import FrameSet, Members
from engine.frames.plan import FramePlan
from engine.models.durations import Duration
from engine.models.windows import check_every, preceding, start_before
from engine.wording import worded


@dataclass(frozen=True, slots=True)
class Places:
    """Which baseline frame goes with a frame of the data.

    Attributes:
        whole: frames of the data without a segment: the whole range, and its windows.
        windows: frames of the data for each segment.
        same: whether the baseline has a frame for each.
    """

    whole: int
    windows: int
    same: bool

    def __getitem__(self, index: int) -> int:
        if self.same:
            return index
        return 0 if index < self.whole else 1 + (index - self.whole) // self.windows


def baseline_places(data: FramePlan, baseline: FramePlan) -> Places:
    """Which baseline frame goes with which: the one of its segment, and of its window if there are some."""
    windows = len(data.windows)
    return Places(1 + windows, max(1, windows), len(baseline.windows) == windows)


def with_segments(plan: FramePlan, frames: FrameSet) -> FramePlan:
    """A baseline's plan with the segments that were found in the data.

    Raises:
        DataError: a value that was found is none of the type that the baseline's column has.
    """
    pairs = zip(plan.groups, frames.members, strict=True)
    return replace(plan, groups=tuple(_with_members(group, members) for group, members in pairs))


def _with_members(group: GroupAxes, members: Members) -> GroupAxes:
    what = "the baseline's segments"
    axes = (with_members(axis, of, what) for axis, of in zip(group.axes, members.values, strict=True))
    return replace(group, axes=tuple(axes))


def plan_previous(
    plan: FramePlan, every: str | timedelta | Duration | None, zone: tzinfo, oldest: datetime | None
) -> FramePlan:
    """The plan of the windows before those of a run.

    Args:
        plan: the run's.
        every: the length of its windows; None: it has none.
        zone: the zone whose calendar the windows follow.
        oldest: the first instant that the run may look at; None: there is none.

    Raises:
        DataError: the data does not say when a row happened, or the range of the run has an open end.
    """
    what = "the previous window"
    if plan.clock is None:
        raise DataError(worded("{what} needs a timestamp: {give_timestamp}", what=what))
    start, end = plan.time.start, plan.time.end
    if start is None or end is None:
        raise DataError(worded("{what} needs a time range with both ends: {give_range}", what=what))
    within = plan.clock.interval(oldest, None)
    whole = plan.clock.interval(start_before(start, end, zone), start).clip(within)
    if not plan.windows or every is None:
        return replace(plan, bound=whole, windows=())
    tiles = preceding(plan.windows, check_every(every), zone)
    bound = plan.clock.interval(tiles[0].start, tiles[-1].end).clip(within)
    return replace(plan, bound=bound, windows=tiles, whole=whole)


def plan_first(plan: FramePlan, length: Duration, oldest: int | None, within: Interval) -> FramePlan:
    """The plan of the first stretch of a run's data.

    Args:
        plan: the run's, with a clock.
        length: of the stretch.
        oldest: the clock of its oldest row; None: it has no rows.
        within: what the run may look at.
    """
    assert plan.clock is not None
    if oldest is None:
        return replace(plan, bound=Interval(0, 0), windows=())
    try:
        end = plan.clock.units(length.after(plan.clock.instant(oldest), plan.clock.zone))
    except UsageError:  # further than dates go
        end = None
    return replace(plan, bound=Interval(oldest, end).clip(within), windows=())


def check_first(clock: TimestampColumn | None) -> TimestampColumn:
    """The clock of data that has a first stretch.

    Raises:
        DataError: the data does not say when a row happened.
    """
    if clock is None:
        raise DataError(worded("the first stretch needs a timestamp: {give_timestamp}"))
    return clock


def group_differences(data: Sequence[GroupAxes], baseline: Sequence[GroupAxes]) -> tuple[str, ...]:
    """Fields of segments whose types differ between the data and its baseline, each in a few words."""
    found = []
    for one, other in zip(data, baseline, strict=True):
        for mine, theirs in zip(one.axes, other.axes, strict=True):
            field, its = getattr(mine, "field", None), getattr(theirs, "field", None)
            if field is not None and its is not None and field.kind != its.kind:
                found.append(f"{field.name!r} is of type {field.kind}, and {its.kind} in the baseline")
    return tuple(dict.fromkeys(found))
