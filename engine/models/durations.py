"""Lengths of time, instants and zones, parsed from what people type. Pure; trusted side.

Hours are elapsed time. Days, weeks and months are calendar units, counted in a named zone: "7d" before
a local midnight is a local midnight, also when a change to or from daylight saving lies between, so that
`TimeRange.last("7d")` holds exactly seven tiles of `every="1d"`. A `timedelta` is always elapsed time.

Every instant that leaves this module is in UTC. Aware datetimes of one zone compare by their wall
clock in Python and ignore `fold`: the two 02:30 of an October night would be equal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.errors import UsageError
from engine.wording import worded

Unit = Literal["us", "h", "d", "w", "M"]

_DAY = re.compile(r"\d{4}-?\d\d-?\d\d", re.ASCII)
_TEXT = re.compile(r"([1-9][0-9]{0,6})([hdwM])", re.ASCII)
# Every zone can show every instant of these years.
_FIRST_YEAR = 2
_LAST_YEAR = 9998
_HOUR = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)
_ZONE_NAME = re.compile(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Duration:
    """A positive length of time.

    Attributes:
        count: how many units; positive.
        unit: "h" elapsed hours, "d" days, "w" weeks, "M" calendar months, "us" elapsed microseconds
            (only from a `timedelta` that is no whole number of hours).
    """

    count: int
    unit: Unit

    def before(self, instant: datetime, zone: tzinfo) -> datetime:
        """The instant that lies this long before another one, in UTC.

        Args:
            instant: timezone-aware.
            zone: where days, weeks and months are counted.

        Raises:
            UsageError: the result lies before the year 2.
        """
        try:
            start = self._before(instant, zone)
        except (OverflowError, ValueError):
            start = None
        if start is None or start.year < _FIRST_YEAR:
            year = f"before the year {_FIRST_YEAR}"
            raise UsageError(f"{self} before {instant.isoformat()} is {year}; use less")
        return start

    def _before(self, instant: datetime, zone: tzinfo) -> datetime:
        if self.unit == "us":
            return instant.astimezone(UTC) - self.count * _MICROSECOND
        if self.unit == "h":
            return instant.astimezone(UTC) - self.count * _HOUR
        local = instant.astimezone(zone)
        if self.unit == "M":
            return _months_before(local, self.count).astimezone(UTC)
        days = self.count * (7 if self.unit == "w" else 1)
        return (local - timedelta(days=days)).astimezone(UTC)

    def after(self, instant: datetime, zone: tzinfo) -> datetime:
        """The instant that lies this long after another one, in UTC; arguments as of `before`.

        Raises:
            UsageError: the result lies after the year 9998.
        """
        try:
            end = Duration(-self.count, self.unit)._before(instant, zone)
        except (OverflowError, ValueError):
            end = None
        if end is None or end.year > _LAST_YEAR:
            raise UsageError(f"{self} after {instant.isoformat()} is after the year {_LAST_YEAR}; use less")
        return end

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"


def parse_duration(value: str | timedelta | Duration, *, what: str = "duration") -> Duration:
    """Parse "90d", "12h", "2w" or "1M" (M is a calendar month), or a positive timedelta.

    Args:
        value: what the caller gave.
        what: the argument's name, for the message.

    Raises:
        UsageError: it is none of these.
    """
    if isinstance(value, Duration):
        return value
    if isinstance(value, timedelta):
        if value <= timedelta(0):
            raise UsageError(f"{what} must be positive, not {value}")
        hours, rest = divmod(value, _HOUR)
        return Duration(hours, "h") if not rest else Duration(value // _MICROSECOND, "us")
    match = _TEXT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise UsageError(
            worded(
                "{what} must be a whole number of hours, days, weeks or months such as '12h', '90d', '2w' "
                "or '1M' (M is a calendar month){or_timedelta}; not {value}",
                what=what,
                value=repr(value),
            )
        )
    unit: Unit = match[2]  # type: ignore[assignment]  # the pattern admits only units
    return Duration(int(match[1]), unit)


def parse_instant(value: str | datetime, *, what: str = "time", zone: tzinfo | None = None) -> datetime:
    """An instant in UTC, from an ISO 8601 text such as "2026-11-01T00:00:00Z" or an aware datetime.

    Args:
        value: what the caller gave.
        what: the argument's name, for the message.
        zone: where a time without a zone is read; None: such a time is refused. A date alone is the first
            instant of its day there.

    Raises:
        UsageError: no such text, no time zone in it, or a wall clock's time that its zone shows twice, or
            never, on that day.
    """
    instant = value
    if isinstance(instant, str):
        try:
            instant = datetime.fromisoformat(instant.strip())
        except ValueError:
            raise UsageError(f"{what} must be like 2026-11-01T00:00:00Z, not {value!r}") from None
    if not isinstance(instant, datetime):
        raise UsageError(f"{what} must be a datetime or a text like 2026-11-01T00:00:00Z, not {value!r}")
    if instant.utcoffset() is None and zone is not None:
        instant = _in_zone(instant.replace(tzinfo=None), zone, what, day=_is_day(value))
    if instant.utcoffset() is None:
        naive = instant.replace(tzinfo=None).isoformat()
        raise UsageError(
            worded(
                "{what} {naive} has no time zone, so it names no instant: "
                "write {naive}Z (or +01:00 ...){or_zone}",
                what=what,
                naive=naive,
            )
        )
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        years = f"{_FIRST_YEAR} to {_LAST_YEAR}"
        raise UsageError(f"{what} {instant.isoformat()} is outside the years {years}")
    return instant.astimezone(UTC)


def _is_day(value: str | datetime) -> bool:
    """Whether a text is a date alone."""
    return isinstance(value, str) and _DAY.fullmatch(value.strip()) is not None


def _in_zone(naive: datetime, zone: tzinfo, what: str, *, day: bool) -> datetime:
    """The instant at which the clocks of a zone show a time."""
    first, second = naive.replace(tzinfo=zone), naive.replace(tzinfo=zone, fold=1)
    # Of the two readings of midnight the first one is where the day begins, also if it is skipped.
    if day or first.utcoffset() == second.utcoffset():
        return first
    there = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == naive
    times = "twice" if there else "never"
    raise UsageError(
        f"{what} {naive.isoformat()} is shown {times} by the clocks of {zone} on that day, which put them "
        f"forward or back; write it with its offset, such as {naive.isoformat()}{_offset(first)}"
    )


def _offset(instant: datetime) -> str:
    return instant.isoformat()[-6:]


def parse_zone(name: str) -> ZoneInfo:
    """A time zone from its IANA name, such as "Europe/Berlin".

    Raises:
        UsageError: there is no such zone.
    """
    if isinstance(name, ZoneInfo):
        return name
    try:
        if isinstance(name, str) and _ZONE_NAME.fullmatch(name):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        pass
    raise UsageError(f"there is no time zone {name!r}; use an IANA name such as 'UTC' or 'Europe/Berlin'")


def _months_before(local: datetime, months: int) -> datetime:
    """The same day and time so many months earlier, or that month's last day if it is shorter."""
    month = local.year * 12 + local.month - 1 - months
    first = local.replace(year=month // 12, month=month % 12 + 1, day=1)
    following = (first.replace(tzinfo=None) + timedelta(days=31)).replace(day=1)
    last = (following - timedelta(days=1)).day
    return first.replace(day=min(local.day, last))
