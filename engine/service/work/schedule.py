"""What is due: a function of models, metrics, what was planned before, and the time. Pure.

At each tick of a model's calendar (an hour, day, week or month begins in its zone) each metric is to be
calculated on each dataset over the whole retention, and over each window of the calendar that lies in it
and was not calculated yet: for a new metric, all of them. The first is a piece of work of the kind
"retention", and each run of windows without a gap one of the kind "windows". What was planned before counts
as calculated, whatever became of it: trying again is not planning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from engine.models import TimeRange, Window, parse_duration, parse_zone, windows
from engine.service.store.kinds import RETENTION, WINDOWS, WorkKind

EVERY: Final = {"hourly": "1h", "daily": "1d", "weekly": "1w", "monthly": "1M"}
_TWICE: Final = {"hourly": "2h", "daily": "2d", "weekly": "2w", "monthly": "2M"}
# Of one piece of work: what is lost with its worker is not much, and it ends within the limits of a run.
_MOST_WINDOWS: Final = 200
# Of one model's retention, and of one range to calculate again.
MOST_WINDOWS: Final = 20_000
_SECONDS: Final = {"hourly": 3_600, "daily": 86_400, "weekly": 7 * 86_400, "monthly": 28 * 86_400}
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """What the schedule knows of a model.

    Attributes:
        id: its id.
        period: its aggregation period, a key of `EVERY`.
        retention: such as "90d".
        zone: IANA name.
        datasets: those of its versions, by id, and whether their rows have a time; others are not scheduled.
        metrics: current code of each metric, by id, and until when it pauses.
    """

    id: str
    period: str
    retention: str
    zone: str
    datasets: Mapping[str, bool]
    metrics: Mapping[str, datetime | None]


@dataclass(frozen=True, slots=True)
class PlannedSpan:
    """A range of time that was planned before.

    Attributes:
        kind: what for.
        start: its first instant.
        end: the first instant after it.
        every: the length of its windows, if these were; a range of one window is that window.
        zone: whose calendar the windows follow; None: the model's own.
    """

    kind: WorkKind
    start: datetime
    end: datetime
    every: str | None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A piece of work.

    Attributes:
        model_id: of which model.
        metric_version_id: the id of the code that is run.
        dataset_id: the id of the dataset that it is run on.
        kind: what for.
        start: first instant of its range.
        end: first instant after it.
        every: length of the windows, or None for the range alone.
        zone: whose calendar they follow.
        as_of: what now is for it: the tick that it is planned at.
    """

    model_id: str
    metric_version_id: str
    dataset_id: str
    kind: WorkKind
    start: datetime
    end: datetime
    every: str | None
    zone: str
    as_of: datetime


def due_work(
    models: Sequence[PlannedModel], planned: Mapping[tuple[str, str], Sequence[PlannedSpan]], now: datetime
) -> tuple[Due, ...]:
    """Everything that is to be planned now.

    Args:
        models: all of them.
        planned: what was planned, by code and dataset.
        now: aware.
    """
    return tuple(due for model in models for due in _due_of(model, planned, now))


def last_tick(now: datetime, period: str, zone: str) -> datetime:
    """The last beginning of an hour, day, week or month that is not after now."""
    start = parse_duration(_TWICE[period]).before(now, parse_zone(zone))
    return windows(TimeRange(start, now + _INSTANT), EVERY[period], zone)[-1].start


def at_most(start: datetime, end: datetime, period: str) -> int:
    """About how many windows a range holds: it tells, before they are counted, that they are far too many."""
    return int((end - start).total_seconds()) // _SECONDS[period]


def windows_within(start: datetime, end: datetime, period: str, zone: str) -> tuple[Window, ...]:
    """The whole windows of the calendar in `[start, end)`."""
    # The first tile of a range that begins an instant earlier is never whole.
    tiles = windows(TimeRange(start - _INSTANT, end), EVERY[period], zone)[1:]
    if tiles and last_tick(end, period, zone) != end:
        return tiles[:-1]
    return tiles


def _due_of(
    model: PlannedModel, planned: Mapping[tuple[str, str], Sequence[PlannedSpan]], now: datetime
) -> Iterator[Due]:
    running = [metric for metric, pause in model.metrics.items() if pause is None or pause <= now]
    if not running or not model.datasets:
        return
    tick = last_tick(now, model.period, model.zone)
    start = parse_duration(model.retention).before(tick, parse_zone(model.zone))
    tiles = windows_within(start, tick, model.period, model.zone)
    # Rows without a time are of no window: what they give is not the value of any.
    for dataset in (name for name, timed in model.datasets.items() if timed):
        for metric in running:
            spans = [_fitted(span, model) for span in planned.get((metric, dataset), ())]
            for kind, low, high, windowed in _ranges(tiles, spans, start, tick):
                every = EVERY[model.period] if windowed else None
                yield Due(model.id, metric, dataset, kind, low, high, every, model.zone, tick)


def _ranges(
    tiles: Sequence[Window], spans: Sequence[PlannedSpan], start: datetime, tick: datetime
) -> Iterator[tuple[WorkKind, datetime, datetime, bool]]:
    if tick not in {span.end for span in spans if span.kind == RETENTION}:
        yield RETENTION, start, tick, False
    # A window that is all of the retention was calculated as that.
    missing = [tile for tile in tiles if not any(_covers(span, tile) for span in spans)]
    missing = [tile for tile in missing if (tile.start, tile.end) != (start, tick)]
    for low, high, count in pieces(missing):
        yield WINDOWS, low, high, count > 1


def _fitted(span: PlannedSpan, model: PlannedModel) -> PlannedSpan:
    """A span without its windows, if these are of another calendar than the model has now."""
    same = span.every == EVERY[model.period] and span.zone in (None, model.zone)
    return span if same else replace(span, every=None)


def _covers(span: PlannedSpan, tile: Window) -> bool:
    if (span.start, span.end) == (tile.start, tile.end):
        return True
    return span.every is not None and span.start <= tile.start and tile.end <= span.end


def pieces(tiles: Sequence[Window]) -> Iterator[tuple[datetime, datetime, int]]:
    """Runs of windows without a gap, none too long for one run: start, end and how many."""
    joined: list[tuple[datetime, datetime, int]] = []
    for tile in tiles:
        if joined and joined[-1][1] == tile.start and joined[-1][2] < _MOST_WINDOWS:
            low, _, count = joined[-1]
            joined[-1] = (low, tile.end, count + 1)
        else:
            joined.append((tile.start, tile.end, 1))
    yield from joined
