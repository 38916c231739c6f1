"""Which window comes before which."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.errors import UsageError
from engine.frames.baseline import Places
from engine.models import TimeRange, parse_zone, windows
from engine.models.durations import parse_duration
from engine.models.windows import Window, preceding, start_before


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=parse_zone(zone)).astimezone(UTC)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("every", ["1h", "6h", "1d", "3d", "1w", "1M", "3M"])
def test_each_window_is_preceded_by_the_one_that_a_longer_range_has_there(every, zone):
    where, length = parse_zone(zone), parse_duration(every)
    end = at("2026-11-04", zone)
    long, short = (
        windows(TimeRange(at(start, zone), end), every, where) for start in ("2025-01-01", "2026-10-22T05:30")
    )
    found = preceding(short, length, where)
    places = {window.start: place for place, window in enumerate(long)}
    assert len(found) == len(short)
    for window, before in zip(short[1:], found[1:], strict=True):
        assert before == long[places[window.start] - 1]
    # The first one is cut by its range; its calendar's window is the second of those found.
    place = max(place for start, place in places.items() if start <= short[0].start)
    assert found[0] == long[place - 1]


def test_the_window_before_an_hour_that_the_clocks_show_twice():
    berlin = parse_zone("Europe/Berlin")
    hours = windows(TimeRange(at("2026-10-25T00:30:00"), at("2026-10-25T02:00:00")), "1h", berlin)
    assert preceding(hours, parse_duration("1h"), berlin)[:2] == (
        Window(at("2026-10-24T23:00:00"), at("2026-10-25T00:00:00")),
        Window(at("2026-10-25T00:00:00"), at("2026-10-25T01:00:00")),
    )


@pytest.mark.parametrize(
    ("start", "end", "before"),
    [
        ("2026-11-01", "2026-12-01", "2026-10-01"),  # a month
        ("2026-01-01", "2026-04-01", "2025-10-01"),  # a quarter
        ("2026-10-26", "2026-10-28", "2026-10-24"),  # the clocks change in between
        ("2026-10-26T12:00:00", "2026-10-26T18:00:00", "2026-10-26T06:00:00"),
    ],
)
def test_the_range_before_a_range(start, end, before):
    berlin = parse_zone("Europe/Berlin")
    found = start_before(at(start, "Europe/Berlin"), at(end, "Europe/Berlin"), berlin)
    assert found == at(before, "Europe/Berlin")


@pytest.mark.parametrize("end", ["9000-01-01", "9000-01-01T05:00:00", "5000-06-15"])
def test_a_range_that_is_longer_than_what_lies_before_it(end):
    with pytest.raises(UsageError, match="use a shorter one"):
        start_before(at("2000-01-01"), at(end), UTC)


def test_windows_that_have_one_baseline_together():
    places = Places(whole=4, windows=3, same=False)  # all data, three windows, and segments in each
    assert [places[index] for index in range(10)] == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert [Places(4, 3, True)[index] for index in (0, 5)] == [0, 5]
