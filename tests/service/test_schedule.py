"""The schedule as a function: everything is planned, and nothing twice, whenever it is asked."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.service.work.clock_guard import ClockGuard
from engine.service.work.schedule import Due, PlannedModel, PlannedSpan, due_work, last_tick, windows_within

ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu")
RETENTIONS = {"hourly": "30h", "daily": "9d", "weekly": "5w", "monthly": "4M"}
STEPS = {"hourly": 5_000, "daily": 90_000, "weekly": 500_000, "monthly": 2_000_000}

moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


def model(period: Any = "daily", zone: str = "UTC", **more: Any) -> PlannedModel:
    fields = {"retention": RETENTIONS[period], "datasets": {"d": True}, "metrics": {"m": None}, **more}
    return PlannedModel(id="model", period=period, zone=zone, **fields)


class Life:
    """What was planned, as the database would hold it."""

    def __init__(self) -> None:
        self.planned: dict[tuple[str, str], list[PlannedSpan]] = defaultdict(list)
        self.works: list[Due] = []

    def step(self, watched: PlannedModel, now: datetime) -> tuple[Due, ...]:
        due = due_work([watched], self.planned, now)
        for one in due:
            key = one.metric_version_id, one.dataset_id
            self.planned[key].append(PlannedSpan(one.kind, one.start, one.end, one.every, one.zone))
        self.works += due
        return due

    def windows(self, watched: PlannedModel) -> Iterator[tuple[datetime, datetime]]:
        """Each window that the works yield, with repeats."""
        for work in self.works:
            if work.kind == "windows" and work.every is None:
                yield work.start, work.end
            elif work.every is not None:
                tiles = windows_within(work.start, work.end, watched.period, watched.zone)
                yield from ((tile.start, tile.end) for tile in tiles)


@given(moments, st.sampled_from(sorted(STEPS)), st.sampled_from(ZONES), st.data())
def test_each_window_and_tick_is_planned_once(begin, period, zone, data):
    watched, life, now = model(period, zone), Life(), begin
    steps = data.draw(st.lists(st.integers(1, STEPS[period]), max_size=6))
    ticks = set()
    for seconds in (0, *steps):
        now += timedelta(seconds=seconds)
        life.step(watched, now)
        assert life.step(watched, now) == ()
        ticks.add(last_tick(now, period, zone))
    made = list(life.windows(watched))
    assert len(made) == len(set(made))
    assert {work.end for work in life.works if work.kind == "retention"} == ticks
    # At the last tick, every window of the retention is there.
    whole = max((work for work in life.works if work.kind == "retention"), key=lambda work: work.end)
    tiles = windows_within(whole.start, whole.end, period, zone)
    assert {(tile.start, tile.end) for tile in tiles} <= set(made)
    assert len(tiles) > 2


@given(moments, st.sampled_from(sorted(STEPS)), st.sampled_from(ZONES))
def test_a_tick_is_the_last_one_and_windows_are_whole(now, period, zone):
    tick = last_tick(now, period, zone)
    assert tick <= now and last_tick(tick, period, zone) == tick
    assert last_tick(tick - timedelta(microseconds=1), period, zone) < tick
    for tile in windows_within(tick - timedelta(days=62), now, period, zone):
        assert last_tick(tile.start, period, zone) == tile.start
        assert last_tick(tile.end, period, zone) == tile.end <= now


def test_a_new_metric_is_filled_in_over_the_whole_retention_and_then_goes_on():
    watched, life = model(), Life()
    day = datetime(2026, 5, 10, tzinfo=UTC)
    retention, windows = life.step(watched, day + timedelta(hours=12))
    assert (retention.kind, retention.every, retention.as_of) == ("retention", None, day)
    assert (windows.kind, windows.every) == ("windows", "1d")
    for one in (retention, windows):
        assert (one.start, one.end) == (day - timedelta(days=9), day)
    retention, window = life.step(watched, day + timedelta(hours=25))
    assert (retention.kind, retention.end - retention.start) == ("retention", timedelta(days=9))
    assert (window.start, window.end, window.every) == (day, retention.end, None)
    # After three days' sleep, the windows that are missing are one piece.
    retention, gap = life.step(watched, datetime(2026, 5, 14, 1, tzinfo=UTC))
    assert (gap.kind, gap.every, gap.end - gap.start) == ("windows", "1d", timedelta(days=3))


def test_a_paused_metric_is_not_planned_and_catches_up():
    pause = datetime(2026, 5, 12, tzinfo=UTC)
    watched, life = model(metrics={"m": pause, "n": None}), Life()
    assert {one.metric_version_id for one in life.step(watched, pause - timedelta(days=1))} == {"n"}
    assert "m" in {one.metric_version_id for one in life.step(watched, pause)}


@pytest.mark.parametrize("more", [{"datasets": {}}, {"metrics": {}}])
def test_without_data_or_metrics_nothing_is_due(more):
    assert due_work([model(**more)], {}, datetime(2026, 5, 10, tzinfo=UTC)) == ()


def test_data_without_a_time_is_of_no_window_and_is_never_planned():
    due = due_work([model(datasets={"d": False, "e": True})], {}, datetime(2026, 5, 10, tzinfo=UTC))
    assert {one.dataset_id for one in due} == {"e"}


def test_a_clock_that_goes_back_plans_nothing_twice():
    watched, life = model(), Life()
    late, early = datetime(2026, 5, 10, 12, tzinfo=UTC), datetime(2026, 5, 8, 12, tzinfo=UTC)
    life.step(watched, late)
    retention, before = life.step(watched, early)
    assert retention.as_of == early.replace(hour=0)
    # Only what lies before the first windows is added.
    assert (before.end - before.start, before.end) == (timedelta(days=2), datetime(2026, 5, 1, tzinfo=UTC))
    assert life.step(watched, early) == life.step(watched, late) == ()
    made = list(life.windows(watched))
    assert len(made) == len(set(made)) == 11


def test_another_period_or_zone_begins_anew_and_the_old_one_goes_on_where_it_was():
    life, now = Life(), datetime(2026, 5, 10, 12, tzinfo=UTC)
    life.step(model(), now)
    weekly = model("weekly", retention="9d")
    assert [(one.kind, one.every) for one in life.step(weekly, now)] == [
        ("retention", None),
        ("windows", None),
    ]
    berlin = model(zone="Europe/Berlin")
    retention, windows = life.step(berlin, now)
    assert (windows.every, windows.zone, windows.end) == ("1d", "Europe/Berlin", retention.as_of)
    assert life.step(berlin, now) == life.step(weekly, now) == life.step(model(), now) == ()


def test_many_windows_are_several_pieces_of_work():
    [retention, *parts] = Life().step(model("hourly", retention="30d"), datetime(2026, 5, 10, 12, tzinfo=UTC))
    assert [part.end - part.start for part in parts] == [timedelta(hours=200)] * 3 + [timedelta(hours=120)]
    assert (parts[0].start, parts[-1].end) == (retention.start, retention.end)


def test_a_leap_of_the_clock_is_believed_once_it_has_lasted():
    clock, start = ClockGuard(), datetime(2026, 5, 10, 12, tzinfo=UTC)

    def believes(seconds, leap=0.0):
        return clock.believes(start + timedelta(seconds=seconds + leap), seconds)

    assert believes(0) and believes(100) and believes(200, leap=30)
    assert not believes(300, leap=90_000) and not believes(800, leap=90_000)
    assert believes(850) and believes(900)  # it was put right
    assert not believes(1000, leap=-5_000) and not believes(1500, leap=-5_000)
    assert believes(1700, leap=-5_000) and believes(1800, leap=-5_000)
