"""Durations, ranges and windows: calendar arithmetic, and messages for what makes no sense."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.models import Duration, TimeRange, parse_duration, parse_instant, parse_zone, windows
from engine.models.windows import MAX_WINDOWS

BERLIN = parse_zone("Europe/Berlin")
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return parse_instant(text)


def tiles(start: str, end: str, every: str, zone: str = "Europe/Berlin") -> list[tuple[str, float]]:
    """Local start and length in hours of each window."""
    where = parse_zone(zone)
    return [
        (window.start.astimezone(where).strftime("%d %H:%M%z"), (window.end - window.start) / HOUR)
        for window in windows(TimeRange(at(start), at(end)), every, where)
    ]


@pytest.mark.parametrize(
    ("text", "count", "unit"), [("90d", 90, "d"), ("12h", 12, "h"), ("2w", 2, "w"), ("1M", 1, "M")]
)
def test_durations_are_read(text, count, unit):
    assert parse_duration(text) == Duration(count, unit)
    assert str(parse_duration(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "d", "0d", "-1d", "1.5d", "7", "7m", "7 d", "7D", "1_0d", "٣d", "99999999d", None, 7, timedelta(0)],
)
def test_other_durations_are_refused_with_examples(text):
    with pytest.raises(UsageError, match="must be"):
        parse_duration(text)


def test_a_timedelta_is_elapsed_time():
    after_change = at("2026-03-30T00:00:00+02:00")
    assert parse_duration(timedelta(days=1)).before(after_change, BERLIN) == after_change - 24 * HOUR
    assert parse_duration("1d").before(after_change, BERLIN) == after_change - 23 * HOUR
    assert parse_duration(timedelta(microseconds=5)).before(after_change, BERLIN) == after_change - timedelta(
        microseconds=5
    )


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2026-03-31T10:00:00Z", "2026-02-28T10:00:00Z"),
        ("2024-03-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("2026-01-15T00:00:00Z", "2025-12-15T00:00:00Z"),
        ("2026-12-31T00:00:00Z", "2026-11-30T00:00:00Z"),
    ],
)
def test_months_are_calendar_months(instant, expected):
    assert parse_duration("1M").before(at(instant), UTC) == at(expected)


def test_before_the_first_years_is_refused():
    with pytest.raises(UsageError, match="use less"):
        parse_duration("9000w").before(at("0100-01-01T00:00:00Z"), UTC)


@pytest.mark.parametrize("text", ["2026-11-01T00:00:00Z", "2026-11-01T01:00:00+01:00", " 2026-11-01 00:00Z "])
def test_instants_are_kept_in_utc(text):
    assert parse_instant(text) == datetime(2026, 11, 1, tzinfo=UTC)
    assert parse_instant(text).tzinfo is UTC


@pytest.mark.parametrize("value", ["2026-11-01", "2026-11-01T00:00:00", datetime(2026, 11, 1)])
def test_a_naive_time_is_refused_with_the_fix(value):
    with pytest.raises(UsageError, match=r"has no time zone.*2026-11-01T00:00:00Z.*tzinfo"):
        TimeRange(start=value)


@pytest.mark.parametrize(
    ("value", "zone", "instant"),
    [
        ("2026-04-01", "Europe/Berlin", "2026-03-31T22:00:00Z"),
        ("20260401", "Europe/Berlin", "2026-03-31T22:00:00Z"),
        (datetime(2026, 4, 1, 12), "Asia/Kathmandu", "2026-04-01T06:15:00Z"),
        ("2026-04-01T00:00+05:00", "Europe/Berlin", "2026-03-31T19:00:00Z"),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),  # that day began at one o'clock
        ("2019-10-27", "Atlantic/Azores", "2019-10-27T00:00:00Z"),  # midnight came twice
    ],
)
def test_a_time_without_a_zone_is_read_in_the_one_that_is_named(value, zone, instant):
    assert parse_instant(value, zone=parse_zone(zone)) == at(instant)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2026-03-29T02:30", r"is shown never .*2026-03-29T02:30:00\+01:00"),
        ("2026-10-25T02:30", r"is shown twice .*2026-10-25T02:30:00\+02:00"),
        ("2018-11-04T00:00", "is shown never"),
    ],
)
def test_a_time_that_clocks_show_twice_or_never_is_refused(value, words):
    zone = parse_zone("America/Sao_Paulo" if value.startswith("2018") else "Europe/Berlin")
    with pytest.raises(UsageError, match=words):
        parse_instant(value, zone=zone)


@pytest.mark.parametrize("value", ["yesterday", "", 5, "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"])
def test_what_is_no_instant_is_refused(value):
    with pytest.raises(UsageError):
        parse_instant(value)


@pytest.mark.parametrize("name", ["Berlin", "Europe", "../../etc/passwd", "/etc/localtime", "", None])
def test_an_unknown_zone_is_refused(name):
    with pytest.raises(UsageError, match="no time zone"):
        parse_zone(name)


def test_reversed_and_empty_ranges_are_refused():
    early, late = at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z")
    with pytest.raises(UsageError, match="reversed"):
        TimeRange(late, early)
    with pytest.raises(UsageError, match="empty"):
        TimeRange(early, early)


def test_the_ends_of_a_repeated_hour_differ():
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    again = first.replace(fold=1)
    assert first == again  # which is why ranges are kept in UTC
    made = TimeRange(first, again)
    assert made.start is not None and made.end is not None and made.end - made.start == HOUR


def test_last_takes_its_end_from_the_run_unless_it_has_one():
    now = at("2026-11-08T12:00:00Z")
    week = timedelta(days=7)
    for time_range in (TimeRange.last("7d", as_of=now), TimeRange.last("7d")):
        resolved = time_range.resolve(now, UTC)
        assert (resolved.start, resolved.end, resolved.length) == (now - week, now, None)
    with pytest.raises(UsageError, match="as_of"):
        TimeRange.last("7d").resolve(None, UTC)


def test_an_open_end_is_filled_in_by_the_run():
    now = at("2026-11-08T12:00:00Z")
    resolved = TimeRange(start="2026-11-01T00:00:00Z").resolve(now, UTC)
    assert resolved.end == now
    with pytest.raises(UsageError, match="reversed"):
        TimeRange(start="2026-12-01T00:00:00Z").resolve(now, UTC)


def test_seven_local_days_are_seven_tiles_across_the_change():
    last = TimeRange.last("7d", as_of="2026-10-28T00:00:00+01:00").resolve(None, BERLIN)
    assert [(w.end - w.start) / HOUR for w in windows(last, "1d", BERLIN)] == [24, 24, 24, 24, 25, 24, 24]


def test_days_have_23_and_25_hours():
    assert tiles("2026-03-28T00:00:00+01:00", "2026-03-31T00:00:00+02:00", "1d") == [
        ("28 00:00+0100", 24),
        ("29 00:00+0100", 23),
        ("30 00:00+0200", 24),
    ]
    assert tiles("2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", "1d") == [("25 00:00+0200", 25)]


def test_a_repeated_hour_is_two_tiles_of_one_hour_and_part_of_a_longer_one():
    night = ("2026-10-25T01:00:00+02:00", "2026-10-25T04:00:00+01:00")
    assert tiles(*night, "1h") == [
        ("25 01:00+0200", 1),
        ("25 02:00+0200", 1),
        ("25 02:00+0100", 1),
        ("25 03:00+0100", 1),
    ]
    assert tiles(*night, "2h") == [("25 01:00+0200", 1), ("25 02:00+0200", 3)]


def test_a_skipped_hour_has_no_tile():
    night = ("2026-03-29T01:00:00+01:00", "2026-03-29T04:00:00+02:00")
    assert tiles(*night, "1h") == [("29 01:00+0100", 1), ("29 03:00+0200", 1)]


def test_a_day_whose_midnight_is_skipped_begins_after_the_jump():
    got = tiles("2018-11-03T03:00:00Z", "2018-11-05T02:00:00Z", "1d", "America/Sao_Paulo")
    assert got == [("03 00:00-0300", 24), ("04 01:00-0200", 23)]


def test_tiles_are_aligned_and_clipped():
    assert tiles("2026-11-04T10:30:00Z", "2026-11-17T00:00:00Z", "1w", "UTC") == [
        ("04 10:30+0000", 4 * 24 + 13.5),
        ("09 00:00+0000", 168),
        ("16 00:00+0000", 24),
    ]
    quarters = windows(TimeRange(at("2026-02-01T00:00:00Z"), at("2026-08-01T00:00:00Z")), "3M", "UTC")
    assert [window.start.month for window in quarters] == [2, 4, 7]


@pytest.mark.parametrize("every", ["5h", "24h", timedelta(minutes=10), timedelta(days=1)])
def test_lengths_that_do_not_fit_the_calendar_are_refused(every):
    with pytest.raises(UsageError, match="does not fit the calendar"):
        windows(TimeRange(at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z")), every, "UTC")


def test_an_open_range_cannot_be_tiled():
    with pytest.raises(UsageError, match="both ends"):
        windows(TimeRange(end=at("2026-01-01T00:00:00Z")), "1d", "UTC")


def test_too_many_windows_are_refused():
    years = TimeRange(at("1990-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z"))
    with pytest.raises(UsageError, match=str(MAX_WINDOWS)):
        windows(years, "1h", "UTC")


@given(
    start=st.datetimes(datetime(1975, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    hours=st.floats(0.01, 2000),
    every=st.sampled_from(["1h", "2h", "6h", "1d", "3d", "1w", "2w", "1M", "5M"]),
    zone=st.sampled_from(
        ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"]
    ),
)
def test_windows_tile_the_range_without_gaps(start, hours, every, zone):
    end = start + timedelta(hours=hours)
    got = windows(TimeRange(start, end), every, zone)
    assert (got[0].start, got[-1].end) == (start, end)
    assert all(window.start < window.end for window in got)
    assert all(a.end == b.start for a, b in pairwise(got))


@given(
    cut=st.datetimes(datetime(2026, 10, 24), datetime(2026, 10, 27), timezones=st.just(UTC)),
    every=st.sampled_from(["1h", "3h", "1d"]),
)
def test_a_tile_has_the_same_place_in_every_run(cut, every):
    start, end = at("2026-10-23T22:00:00Z"), at("2026-10-28T00:00:00Z")
    whole = {window.start for window in windows(TimeRange(start, end), every, BERLIN)}
    part = {window.start for window in windows(TimeRange(cut, end), every, BERLIN)}
    assert part - {cut} == {instant for instant in whole if instant > cut}
