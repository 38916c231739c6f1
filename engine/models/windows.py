"""Tiles of a time range, aligned to the calendar of a named zone. Pure; trusted side.

Tiles are cut at wall-clock moments of the zone, then turned into instants, so a day has 23 or 25 hours
when the clocks change. Where tiles begin: hours at each full hour that `count` divides; days counted
from 1970-01-01, weeks from Monday 1970-01-05, months from January of year 0 (so "3M" are quarters): a
tile has the same place in every run. An hour that the clocks show twice is two tiles of "1h"; longer tiles
hold both. A wall-clock moment that the clocks skip begins when they have jumped. Cutting in elapsed time from
the range's start was rejected: tiles of two runs would not meet, and days would drift by an hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Final

from engine.errors import UsageError
from engine.models.durations import Duration, parse_duration, parse_zone
from engine.models.time_range import TimeRange
from engine.wording import worded

MAX_WINDOWS: Final = 100_000
_HOURS: Final = (1, 2, 3, 4, 6, 8, 12)
_MONDAY: Final = datetime(1970, 1, 5)  # a wall-clock moment of any zone
_MICROSECOND: Final = timedelta(microseconds=1)
_THURSDAY: Final = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open range of time.

    Attributes:
        start: first instant inside, in UTC.
        end: first instant after it, in UTC.
    """

    start: datetime
    end: datetime

    def to_dict(self, zone: tzinfo = UTC) -> dict[str, str]:
        """JSON form: both ends as ISO 8601 texts with the offset that `zone` has there."""
        return {
            "start": self.start.astimezone(zone).isoformat(),
            "end": self.end.astimezone(zone).isoformat(),
        }


def windows(
    time_range: TimeRange, every: str | timedelta | Duration, zone: str | tzinfo
) -> tuple[Window, ...]:
    """Tile a range with both ends; the first and the last tile are clipped to it.

    Args:
        time_range: resolved, with both ends.
        every: "1h" (or 2, 3, 4, 6, 8, 12), any number of days, weeks (from Monday) or months.
        zone: whose calendar; an IANA name or a tzinfo.

    Raises:
        UsageError: an open range, a length that does not fit the calendar, or too many tiles.
    """
    duration = check_every(every)
    if time_range.start is None or time_range.end is None:
        raise UsageError(
            worded("windows of {length} need a time range with both ends: {give_range}", length=duration)
        )
    where = parse_zone(zone) if isinstance(zone, str) else zone
    edges = [time_range.start]
    for instant in _cuts(time_range.start, duration, where):
        if instant >= time_range.end:
            break
        if instant > edges[-1]:
            edges.append(instant)
        if len(edges) > MAX_WINDOWS:
            raise UsageError(
                f"windows of {duration} cut this range into more than {MAX_WINDOWS} windows; use longer ones"
            )
    edges.append(time_range.end)
    return tuple(Window(start, end) for start, end in pairwise(edges))


def preceding(tiles: Sequence[Window], every: Duration, zone: tzinfo) -> tuple[Window, ...]:
    """The calendar's window before each of adjoining tiles; these are not clipped, as the first tile may be.

    Args:
        tiles: adjoining windows, as `windows` gives them.
        every: the length of the windows.
        zone: the zone whose calendar they follow.
    """
    first = _begin_of(tiles[0].start, every, zone)
    before = _begin_of(first - _MICROSECOND, every, zone)
    edges = (before, first, *(tile.start for tile in tiles[1:]))
    return tuple(Window(start, end) for start, end in pairwise(edges))


def _begin_of(instant: datetime, every: Duration, zone: tzinfo) -> datetime:
    """Where the tile begins that an instant lies in."""
    found = instant
    for cut in _cuts(instant, every, zone):
        if cut > instant:
            break
        found = cut
    return found


def check_every(every: str | timedelta | Duration) -> Duration:
    """Parse the length of a tile.

    Raises:
        UsageError: it is no duration, or hours that do not divide a day.
    """
    duration = parse_duration(every, what="every")
    if duration.unit == "us" or (duration.unit == "h" and duration.count not in _HOURS):
        raise UsageError(
            f"{every!r} does not fit the calendar: hours must be one of "
            f"{', '.join(f'{count}h' for count in _HOURS)}; use '1d' for days, '1w', '1M'"
        )
    return duration


def _cuts(start: datetime, every: Duration, zone: tzinfo) -> Iterator[datetime]:
    """Instants where tiles begin, from at or before `start`, ascending; ends at the end of time."""
    wall = start.astimezone(zone).replace(tzinfo=None)
    try:
        if every.unit == "M":
            yield from _month_cuts(wall, every.count, zone)
        elif every.unit == "h":
            yield from _hour_cuts(wall, every.count, zone)
        else:
            yield from _day_cuts(wall, every, zone)
    except (OverflowError, ValueError):
        return  # the year 9999 has passed: the last tile ends with the range


def _hour_cuts(wall: datetime, count: int, zone: tzinfo) -> Iterator[datetime]:
    # One step back: in a repeated hour, the wall clock alone does not tell on which side of it we are.
    moment = wall.replace(hour=wall.hour - wall.hour % count, minute=0, second=0, microsecond=0, fold=0)
    moment -= timedelta(hours=count)
    while True:
        first = _instant(moment, zone)
        yield first
        if count == 1:
            again = moment.replace(tzinfo=zone, fold=1).astimezone(UTC)
            if again > first:
                yield again
        moment += timedelta(hours=count)


def _day_cuts(wall: datetime, every: Duration, zone: tzinfo) -> Iterator[datetime]:
    anchor, days = (_MONDAY, 7 * every.count) if every.unit == "w" else (_THURSDAY, every.count)
    moment = anchor + timedelta(days=(wall - anchor).days // days * days)
    while True:
        yield _instant(moment, zone)
        moment += timedelta(days=days)


def _month_cuts(wall: datetime, count: int, zone: tzinfo) -> Iterator[datetime]:
    month = (wall.year * 12 + wall.month - 1) // count * count
    while True:
        if month >= 12:  # there is no year 0; a tile that began there begins with the range
            yield _instant(datetime(month // 12, month % 12 + 1, 1), zone)
        month += count


def _instant(wall: datetime, zone: tzinfo) -> datetime:
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def start_before(start: datetime, end: datetime, zone: tzinfo) -> datetime:
    """Where the range of the same length before a range begins: months and days are the calendar's.

    Raises:
        UsageError: that is before there are dates.
    """
    try:
        return _start_before(start, end, zone)
    except (OverflowError, UsageError):
        lengthy = f"as much time as from {start.isoformat()} to {end.isoformat()}"
        raise UsageError(
            f"the previous window would begin too early: there is not {lengthy} before it; use a shorter one"
        ) from None


def _start_before(start: datetime, end: datetime, zone: tzinfo) -> datetime:
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.time() != time() or last.time() != time():
        return start - (end - start)
    if first.day == last.day == 1:
        months = 12 * (last.year - first.year) + last.month - first.month
        return Duration(months, "M").before(start, zone)
    days = (last.replace(tzinfo=None) - first.replace(tzinfo=None)).days
    return (first - timedelta(days=days)).astimezone(UTC)
