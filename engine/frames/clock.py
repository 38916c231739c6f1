"""The column that says when a row happened, and the run's time in its units. Pure.

Time is compared in whole units of the column: microseconds for TIMESTAMP, microseconds of the wall clock
for TIMESTAMP_NTZ, days for DATE. A wall-clock column is read in the run's zone: an instant becomes what
the clocks of that zone show then, so a moment that they show twice belongs to the later of two tiles; a
date is its midnight there, so only a window that holds a midnight has rows of a DATE column.

The index of a row's window is computed by the backend with one division for each stretch of equally long
windows (a change of the clocks ends one), not with one comparison for each window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import accumulate, pairwise
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.errors import DataError, UsageError
from engine.frames.build import all_of, call, case, literal, literal_of, long, to_long
from engine.frames.fields import Field
from engine.frames.values import days, micros
from engine.models.windows import Window

MAX_STRETCHES: Final = 2_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open range in a column's units; None is an open end."""

    low: int | None = None
    high: int | None = None

    def clip(self, other: Interval) -> Interval:
        """The part of this range that lies in another one; may be empty."""
        lows = [low for low in (self.low, other.low) if low is not None]
        highs = [high for high in (self.high, other.high) if high is not None]
        return Interval(max(lows, default=None), min(highs, default=None))


@dataclass(frozen=True, slots=True)
class TimestampColumn:
    """The timestamp column of a run.

    Attributes:
        field: of type TIMESTAMP, TIMESTAMP_NTZ or DATE.
        zone: where wall clocks and dates are read.
    """

    field: Field
    zone: tzinfo

    def units(self, instant: datetime) -> int:
        """The first value of the column that is not before an instant."""
        if self.field.kind == "timestamp":
            return micros(instant)
        wall = instant.astimezone(self.zone)
        if self.field.kind == "timestamp_ntz":
            return micros(wall.replace(tzinfo=None))
        midnight = datetime.combine(wall.date(), time(), self.zone)
        return days(wall.date()) + (micros(midnight) < micros(instant))

    def instant(self, units: int) -> datetime:
        """The instant of a value of the column; of a date its midnight."""
        if self.field.kind == "timestamp":
            return _EPOCH + timedelta(microseconds=units)
        passed = timedelta(days=units) if self.field.kind == "date" else timedelta(microseconds=units)
        return (_EPOCH + passed).replace(tzinfo=self.zone).astimezone(UTC)

    def interval(self, start: datetime | None, end: datetime | None) -> Interval:
        """A half-open range of instants in units."""
        return Interval(
            None if start is None else self.units(start), None if end is None else self.units(end)
        )

    def intervals(self, windows: Sequence[Window], bound: Interval) -> tuple[Interval, ...]:
        """The range of each of adjoining windows within a bound: exactly the rows of its index."""
        ends: list[int | None] = [None, *self._edges(windows), None]
        return tuple(Interval(low, high).clip(bound) for low, high in pairwise(ends))

    def inside(self, interval: Interval) -> pb.Expression | None:
        """The condition that a row lies in a range; rows without a timestamp never do. None: no range."""
        conditions = [
            call(operator, self.field.expression, literal(literal_of(self.field.kind, edge)))
            for operator, edge in ((">=", interval.low), ("<", interval.high))
            if edge is not None
        ]
        return all_of(conditions) if conditions else None

    def window_index(self, windows: Sequence[Window]) -> pb.Expression:
        """The place of a row's window among adjoining ones, for rows that lie in one of them.

        Raises:
            UsageError: the windows have too many different lengths.
        """
        edges = self._edges(windows)
        now = self._as_number()
        stretches = list(_stretches(edges))
        if len(stretches) > MAX_STRETCHES:
            raise UsageError("the range is cut into too many windows of different lengths; use longer ones")
        branches = [(call("<", now, long(edges[0])), long(0))] if edges else []
        for first, start, end, step in stretches:
            passed = call("div", call("-", now, long(start)), long(step))
            branches.append((call("<", now, long(end)), call("+", passed, long(first))))
        return case(branches, long(len(edges)))

    def _edges(self, windows: Sequence[Window]) -> list[int]:
        """Where one window ends and the next begins."""
        # Wall clocks may go back between two windows; the later one then has begun already.
        return list(accumulate((self.units(window.start) for window in windows[1:]), max))

    def _as_number(self) -> pb.Expression:
        """The column in its units, as BIGINT. Sessions are in UTC, where a wall clock is its own instant."""
        if self.field.kind == "date":
            return to_long(call("unix_date", self.field.expression))
        if self.field.kind == "timestamp":
            return call("unix_micros", self.field.expression)
        as_instant = pb.Expression(
            cast=pb.Expression.Cast(
                expr=self.field.expression, type=pb.DataType(timestamp=pb.DataType.Timestamp())
            )
        )
        return call("unix_micros", as_instant)


def check_clock(field: Field, zone: tzinfo) -> TimestampColumn:
    """The clock of a timestamp column.

    Raises:
        DataError: the column is no timestamp and no date.
    """
    if field.kind in ("timestamp", "timestamp_ntz", "date"):
        return TimestampColumn(field, zone)
    kind = field.kind.replace("_", " ")
    hint = {
        "string": "cast it in the data: to_timestamp(...) in Spark, pd.to_datetime(..., utc=True) in pandas",
        "long": "convert it in the data, such as timestamp_millis(column) in Spark",
        "integer": "convert it in the data, such as timestamp_seconds(column) in Spark",
    }.get(field.kind, "name a column of type TIMESTAMP, TIMESTAMP_NTZ or DATE")
    raise DataError(f"timestamp: {field.name!r} is of type {kind}, which does not hold a time; {hint}")


def _stretches(edges: Sequence[int]) -> Iterator[tuple[int, int, int, int]]:
    """Equally long windows: index of the first one, its start, the end of the last one, and their length."""
    first = 0
    gaps = [high - low for low, high in pairwise(edges)]
    for place, gap in enumerate(gaps):
        if place + 1 == len(gaps) or gaps[place + 1] != gap:
            if gap:
                yield first + 1, edges[first], edges[place + 1], gap
            first = place + 1
