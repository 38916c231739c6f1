"""Which data a run covers, checked against its schema: clock, bound, windows and segment groups. Pure.

All mistakes that can be found are found together. The bound of a run is its time range within
`[as_of - retention, as_of)`; without a retention it is the time range, whose open end is `as_of`; with
neither, all rows are inside, those without a timestamp as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import pyspark.sql.connect.proto as pb

from engine.errors import DataError, UsageError
from engine.frames.axes import GroupAxes, Member, TermAxis, resolve_group
from engine.frames.build import named, projected
from engine.frames.clock import Interval, TimestampColumn, check_clock
from engine.frames.fields import find_field
from engine.models.dataset import Dataset
from engine.models.durations import Duration, parse_instant, parse_zone
from engine.models.run import RunTime
from engine.models.segments import SegmentGroup
from engine.models.time_range import TimeRange
from engine.models.windows import Window, windows
from engine.wording import joined, message_of, worded

MAX_FRAMES: Final = 100_000
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class FramePlan:
    """What a run covers, before its rows were counted.

    Attributes:
        time: the bound, for reports.
        clock: the timestamp column; None if the dataset names none.
        bound: the run's range in the clock's units.
        windows: tiles of the range; empty without `every`.
        groups: in the order given.
        whole: the range of frame 0, in the clock's units, where it is not the bound: then its rows are other
            rows than those of its windows together. None: it is the bound.
    """

    time: RunTime
    clock: TimestampColumn | None
    bound: Interval
    windows: tuple[Window, ...]
    groups: tuple[GroupAxes, ...]
    whole: Interval | None = None

    @property
    def inside(self) -> pb.Expression | None:
        """The condition that a row lies in the bound; None: there is no bound."""
        return None if self.clock is None else self.clock.inside(self.bound)

    @property
    def overall(self) -> pb.Expression | None:
        """The condition that a row is in frame 0; None: each row is."""
        return self.inside if self.whole is None or self.clock is None else self.clock.inside(self.whole)

    @property
    def terms(self) -> tuple[Member, ...]:
        """Every Boolean expression of the segment groups."""
        axes = [axis for group in self.groups for axis in group.axes]
        return tuple(member for axis in axes if isinstance(axis, TermAxis) for member in axis.members)


def plan_frames(
    schema: pb.DataType,
    dataset: Dataset,
    *,
    segments: Sequence[SegmentGroup] = (),
    time: TimeRange | None = None,
    every: str | timedelta | Duration | None = None,
    zone: str = "UTC",
    as_of: str | datetime | None = None,
    check_expression: Callable[[str], str],
) -> FramePlan:
    """Check what a run asks for against the data's schema.

    Args:
        schema: of the dataset's rows, a struct as an Analyze request answers it.
        dataset: names the timestamp column and the retention.
        segments: the groups.
        time: the range; None: all of the retention.
        every: length of a window; None: no windows.
        zone: IANA name; where windows, wall clocks, dates and calendar durations are read.
        as_of: what "now" is; None: that of `TimeRange.last`, if it has one.
        check_expression: returns the text of a Boolean expression to run, or raises PlanRefused.

    Raises:
        DataError: something does not fit the data; the message has one line for each mistake.
        UsageError: an unknown zone, a duration that does not fit, or a missing `as_of`.
    """
    where = parse_zone(zone)
    problems: list[str] = []
    clock = _collect(problems, lambda: _clock(schema, dataset, where))
    groups = [
        _collect(problems, partial(resolve_group, group, schema, where, check_expression))
        for group in segments
    ]
    _collect(problems, lambda: _check_distinct(segments))
    run_time = _collect(problems, lambda: _run_time(dataset, time, _as_of(time, as_of), where, zone))
    if run_time is None or problems:
        raise DataError(joined(problems))
    tiles: tuple[Window, ...] = ()
    if every is not None:
        tiles = windows(TimeRange(run_time.start, run_time.end), every, where)
    bound = Interval() if clock is None else clock.interval(run_time.start, run_time.end)
    return FramePlan(run_time, clock, bound, tiles, tuple(group for group in groups if group is not None))


def run_range(
    dataset: Dataset, time: TimeRange | None, as_of: str | datetime | None, zone: str
) -> tuple[datetime | None, datetime | None]:
    """The range of instants that a run's rows lie in, before anything is known of the data.

    Args:
        dataset: names the timestamp column and the retention.
        time: as for `plan_frames`.
        as_of: as for `plan_frames`.
        zone: as for `plan_frames`.

    Raises:
        UsageError: as `plan_frames`.
    """
    found = _run_time(dataset, time, _as_of(time, as_of), parse_zone(zone), zone)
    return found.start, found.end


def term_probe(plan: FramePlan, source: pb.Relation) -> pb.Relation | None:
    """A relation whose schema tells the types of all Boolean expressions; None if there are none.

    Its analysis fails, with the backend's reason, if one of them names what there is not.
    """
    if not plan.terms:
        return None
    return projected(source, [named(term.condition, f"t{i}") for i, term in enumerate(plan.terms)])


def check_term_types(plan: FramePlan, schema: pb.DataType) -> None:
    """Check the schema of `term_probe`.

    Raises:
        DataError: an expression is not Boolean.
    """
    wrong = [
        f"segment {term.value!r}: the expression is not Boolean but {field.data_type.WhichOneof('kind')}; "
        "compare it with something"
        for term, field in zip(plan.terms, schema.struct.fields, strict=True)
        if field.data_type.WhichOneof("kind") != "boolean"
    ]
    if wrong:
        raise DataError("\n".join(wrong))


def _collect(problems: list[str], step: Callable[[], _T]) -> _T | None:
    try:
        return step()
    except UsageError as error:
        problems.append(message_of(error))
        return None


def _clock(schema: pb.DataType, dataset: Dataset, zone: ZoneInfo) -> TimestampColumn | None:
    if dataset.timestamp is None:
        return None
    return check_clock(find_field(schema, dataset.timestamp, "timestamp"), zone)


def _check_distinct(groups: Sequence[SegmentGroup]) -> None:
    for place, group in enumerate(groups):
        if group in groups[:place]:
            raise UsageError(f"the segment group {group.name!r} is given twice; give it once")


def _as_of(time: TimeRange | None, as_of: str | datetime | None) -> datetime | None:
    own = None if time is None else time.as_of
    if as_of is None:
        return own
    given = parse_instant(as_of, what="as_of")
    if own is not None and own != given:
        raise UsageError(f"two different as_of: {own.isoformat()} in the time range, and {given.isoformat()}")
    return given


def _run_time(
    dataset: Dataset, time: TimeRange | None, as_of: datetime | None, zone: ZoneInfo, name: str
) -> RunTime:
    """The run's range: the time range within the retention."""
    if time is not None and dataset.timestamp is None:
        raise UsageError(worded("a time range needs a timestamp: {give_timestamp}"))
    asked = TimeRange() if time is None else time.resolve(as_of, zone)
    retention = dataset.retention_length
    if retention is None:
        return RunTime(asked.start, None if time is None else asked.end, as_of, name)
    if as_of is None:
        raise UsageError(worded("retention {length} counts back from now: {give_as_of}", length=retention))
    oldest = retention.before(as_of, zone)
    start = oldest if asked.start is None else max(asked.start, oldest)
    end = as_of if asked.end is None else min(asked.end, as_of)
    if start >= end:
        raise UsageError(
            f"the time range does not overlap the retention, which is from {oldest.isoformat()} "
            f"to {as_of.isoformat()}"
        )
    return RunTime(start, end, as_of, name)
