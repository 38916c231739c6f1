"""A half-open range of time, some of whose ends the run may fill in. Pure; trusted side.

Nothing here reads a clock: a range "until now" is left open, and `resolve` is told the run's `as_of`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from engine.errors import UsageError
from engine.models.durations import Duration, parse_duration, parse_instant
from engine.wording import worded


@dataclass(frozen=True, slots=True)
class TimeRange:
    """The instants from `start` (included) to `end` (excluded).

    Attributes:
        start: aware datetime or ISO text with a zone, kept in UTC; None: as far back as the data's retention.
        end: likewise; None: the run's `as_of`.
        length: for `TimeRange.last`: the start lies this long before the end.
        as_of: for `TimeRange.last(..., as_of=...)`: the run's `as_of`, which is also the end.

    Raises:
        UsageError: an end without a time zone, or a start that is not before the end.
    """

    start: datetime | None = None
    end: datetime | None = None
    length: Duration | None = None
    as_of: datetime | None = None

    def __init__(
        self,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        length: Duration | None = None,
        as_of: datetime | str | None = None,
    ) -> None:
        # Written out for type checkers: the instants may be given as text, and are kept as datetimes.
        for name, value in (("start", start), ("end", end), ("as_of", as_of)):
            instant = None if value is None else parse_instant(value, what=name)
            object.__setattr__(self, name, instant)
        object.__setattr__(self, "length", length)
        if self.length is not None and self.start is not None:
            raise UsageError("a time range takes a start or a length, not both")
        _check_order(self.start, self.end)

    @staticmethod
    def last(length: str | timedelta | Duration, as_of: str | datetime | None = None) -> TimeRange:
        """The time of the given length that ends at `as_of`.

        Args:
            length: such as "7d", "12h", "2w", "1M", or a timedelta.
            as_of: where it ends; None: the run's own `as_of`.

        Raises:
            UsageError: a length or an instant that makes no sense.
        """
        instant = None if as_of is None else parse_instant(as_of, what="as_of")
        return TimeRange(end=instant, length=parse_duration(length, what="the length"), as_of=instant)

    def resolve(self, as_of: datetime | None, zone: tzinfo) -> TimeRange:
        """This range with `start` and `end` filled in as far as they can be; `length` is then None.

        Args:
            as_of: the run's; None if it has none.
            zone: where days, weeks and months are counted.

        Raises:
            UsageError: a length but no instant to count from, or an empty or reversed range.
        """
        end = self.end if self.end is not None else as_of
        start = self.start
        if self.length is not None:
            if end is None:
                raise UsageError(worded("the last {length} has no end: {give_as_of}", length=self.length))
            start = self.length.before(end, zone)
        return TimeRange(start=start, end=end, as_of=as_of)


def _check_order(start: datetime | None, end: datetime | None) -> None:
    if start is None or end is None or start < end:
        return
    if start == end:
        raise UsageError(
            f"the time range is empty: it starts and ends at {start.isoformat()}, and the end is excluded"
        )
    raise UsageError(
        f"the time range is reversed: its start {start.isoformat()} is after its end {end.isoformat()}"
    )
