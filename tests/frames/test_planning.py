"""What is refused before any query, all at once; and the arithmetic of clocks and windows."""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DataError, PlanRefused, UsageError
from engine.frames import FramePlan, count_queries, interpret_counts, plan_frames, term_probe
from engine.frames import clock as clock_module
from engine.frames.clock import Interval, TimestampColumn
from engine.frames.fields import Field, find_field
from engine.models import Dataset, SegmentGroup, TimeRange, Window, parse_instant, parse_zone, windows

BERLIN = parse_zone("Europe/Berlin")
T = pb.DataType
TYPES = {
    "ts": T(timestamp=T.Timestamp()),
    "wall": T(timestamp_ntz=T.TimestampNTZ()),
    "day": T(date=T.Date()),
    "country": T(string=T.String()),
    "Age": T(integer=T.Integer()),
    "tiny": T(byte=T.Byte()),
    "score": T(double=T.Double()),
    "price": T(decimal=T.Decimal(precision=6, scale=2)),
    "new": T(boolean=T.Boolean()),
    "tags": T(array=T.Array(element_type=T(string=T.String()))),
    "blob": T(binary=T.Binary()),
    "device": T(struct=T.Struct(fields=[T.StructField(name="os", data_type=T(string=T.String()))])),
    "a.b": T(string=T.String()),
    "twin": T(string=T.String()),
    "Twin": T(string=T.String()),
}
SCHEMA = T(struct=T.Struct(fields=[T.StructField(name=n, data_type=t) for n, t in TYPES.items()]))
SOURCE = pb.Relation(read=pb.Read(named_table=pb.Read.NamedTable(unparsed_identifier="frame")))
BY, BUCKETS, WHERE = SegmentGroup.by_value, SegmentGroup.by_buckets, SegmentGroup.where


def check(text: str) -> str:
    if "SELECT" in text:
        raise PlanRefused("expression-refused", "a subquery is refused", "use columns only")
    return text


def plan(
    *segments: SegmentGroup, timestamp: str | None = None, retention: str | None = None, **options: Any
) -> FramePlan:
    dataset = Dataset("x.parquet", timestamp, retention)
    return plan_frames(SCHEMA, dataset, segments=segments, check_expression=check, **options)


AS_OF = "2026-11-10T00:00:00Z"
DAY = TimeRange("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: plan(BY("contry")), r"no column 'contry'; did you mean 'country'\? the data has ts, wall"),
        (lambda: plan(BY("zzz")), "the data has ts, wall"),
        (lambda: plan(BY("device.so")), "no column 'device.so'"),
        (lambda: plan(BY("country.x")), "no column 'country.x'"),
        (lambda: plan(BY("TWIN")), "could be any of the columns 'twin', 'Twin'"),
        (lambda: plan(BY("tags")), "of type array.*array_contains"),
        (lambda: plan(BY("device")), "of type struct.*name one of its fields"),
        (lambda: plan(BY("blob")), "of type binary.*hex"),
        (lambda: plan(BY("country", values=[1])), "1 is not a value of 'country', whose type is string"),
        (lambda: plan(BY("tiny", values=[128])), "128 is not a value of 'tiny'"),
        (lambda: plan(BY("tiny", values=[1.5])), "1.5 is not a value of 'tiny'"),
        (lambda: plan(BY("new", values=[1])), "1 is not a value of 'new'"),
        (lambda: plan(BY("price", values=[Decimal("1.234")])), "not a value of 'price'"),
        (lambda: plan(BY("price", values=[10**5])), "not a value of 'price'"),
        (lambda: plan(BY("day", values=[datetime(2026, 1, 1)])), "not a value of 'day'"),
        (lambda: plan(BY("ts", values=[datetime(2026, 1, 1)])), "not a value of 'ts'"),
        (lambda: plan(BY("score", values=[10**400])), "not a value of 'score'"),
        (lambda: plan(BUCKETS("country", [1, 2])), "buckets need numbers, dates or timestamps"),
        (lambda: plan(BUCKETS("Age", [date(2026, 1, 1), date(2026, 1, 2)])), "give numbers"),
        (lambda: plan(BUCKETS("Age", [0, 1e30])), "1e\\+30 does not fit 'Age'"),
        (lambda: plan(BUCKETS("price", [0, 1e-50])), "does not fit 'price'"),
        (lambda: plan(BUCKETS("day", [1, 2])), "give dates"),
        (lambda: plan(BUCKETS("ts", [datetime(2026, 1, 1), datetime(2026, 1, 2)])), "give aware datetimes"),
        (lambda: plan(WHERE("x", "SELECT 1")), r"segment 'x': a subquery is refused \(use columns only\)"),
        (lambda: plan(BY("country"), BY("country")), "'country' is given twice"),
        (lambda: plan("country"), "must be made with SegmentGroup"),  # type: ignore[arg-type]
        (lambda: plan(timestamp="tss"), "timestamp: there is no column 'tss'; did you mean 'ts'"),
        (lambda: plan(timestamp="country"), "of type string, which does not hold a time; cast it"),
        (lambda: plan(timestamp="score"), "TIMESTAMP, TIMESTAMP_NTZ or DATE"),
        (lambda: plan(time=DAY), "timestamp='ts'"),
        (lambda: plan(timestamp="ts", time=TimeRange.last("7d")), "as_of"),
        (lambda: plan(timestamp="ts", retention="7d"), "counts back from now: give as_of"),
        (lambda: plan(timestamp="ts", retention="7d", time=DAY, as_of="2026-12-01T00Z"), "does not overlap"),
        (lambda: plan(timestamp="ts", every="1d"), "both ends"),
        (lambda: plan(every="1d"), "both ends"),
        (lambda: plan(zone="Mars/Olympus"), "no time zone"),
        (lambda: plan(timestamp="ts", as_of="2026-12-01"), "has no time zone"),
        (
            lambda: plan(
                timestamp="ts", time=TimeRange.last("1d", AS_OF), as_of="2026-12-02T00:00Z"
            ),
            "two different as_of",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_refused_with_the_fix(make, words):
    with pytest.raises(UsageError, match=words):
        make()


def test_all_mistakes_are_reported_together():
    with pytest.raises(DataError) as caught:
        plan(BY("contry"), BY("tags"), WHERE("x", "SELECT"), timestamp="country")
    assert len(str(caught.value).splitlines()) == 4


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("country", "`country`"),
        ("AGE", "`Age`"),
        ("twin", "`twin`"),
        ("a.b", "`a.b`"),
        ("device.os", "`device`.`os`"),
    ],
)
def test_columns_are_found_by_name_and_by_path(name, identifier):
    field = find_field(SCHEMA, name, "by")
    assert field.expression.unresolved_attribute.unparsed_identifier == identifier


def test_a_backtick_in_a_name_stays_in_the_name():
    schema = T(struct=T.Struct(fields=[T.StructField(name="a`) or (`b", data_type=TYPES["country"])]))
    field = find_field(schema, "a`) or (`b", "by")
    assert field.expression.unresolved_attribute.unparsed_identifier == "`a``) or (``b`"


@pytest.mark.parametrize(
    ("options", "start", "end"),
    [
        ({}, None, None),
        ({"as_of": AS_OF}, None, None),
        ({"retention": "7d", "as_of": AS_OF}, "2026-11-03T00:00:00Z", AS_OF),
        ({"retention": "90d", "time": TimeRange.last("7d", as_of=AS_OF)}, "2026-11-03T00:00:00Z", AS_OF),
        ({"retention": "1d", "time": TimeRange.last("7d"), "as_of": AS_OF}, "2026-11-09T00:00:00Z", AS_OF),
        ({"time": TimeRange("2026-11-01T00:00:00Z"), "as_of": AS_OF}, "2026-11-01T00:00:00Z", AS_OF),
        ({"time": TimeRange("2026-11-01T00:00:00Z")}, "2026-11-01T00:00:00Z", None),
        ({"time": DAY, "as_of": AS_OF}, "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"),
        (
            {
                "retention": "90d",
                "time": TimeRange("2026-11-01T00:00:00Z", "2027-01-01T00:00:00Z"),
                "as_of": AS_OF,
            },
            "2026-11-01T00:00:00Z",
            AS_OF,
        ),
    ],
)
def test_the_bound_of_a_run(options, start, end):
    time = plan(timestamp="ts", **options).time
    assert time.start == (start and parse_instant(start))
    assert time.end == (end and parse_instant(end))


def test_the_retention_counts_local_days():
    time = plan(timestamp="ts", retention="1d", as_of="2026-10-26T00:00:00+01:00", zone="Europe/Berlin").time
    assert time.start is not None and time.end is not None
    assert time.end - time.start == timedelta(hours=25)


def clock(kind: str) -> TimestampColumn:
    return TimestampColumn(Field(kind, pb.Expression(), TYPES[kind]), BERLIN)


@pytest.mark.parametrize(
    ("kind", "instant", "reading"),
    [
        ("wall", "2026-10-25T00:30:00Z", datetime(2026, 10, 25, 2, 30)),
        ("wall", "2026-10-25T01:30:00Z", datetime(2026, 10, 25, 2, 30)),
        ("day", "2026-10-24T22:00:00Z", date(2026, 10, 25)),
        ("day", "2026-10-24T22:00:00.000001Z", date(2026, 10, 26)),
        ("day", "2026-10-25T23:00:00Z", date(2026, 10, 26)),
    ],
)
def test_an_instant_in_units_of_the_column(kind, instant, reading):
    since = reading - (datetime(1970, 1, 1) if isinstance(reading, datetime) else date(1970, 1, 1))
    unit = timedelta(days=1) if kind == "day" else timedelta(microseconds=1)
    assert clock(kind).units(parse_instant(instant)) == since // unit


def test_a_skipped_midnight_begins_its_date():
    there = TimestampColumn(clock("day").field, parse_zone("America/Sao_Paulo"))
    assert there.units(datetime(2018, 11, 4, 3, tzinfo=UTC)) == (date(2018, 11, 4) - date(1970, 1, 1)).days


def evaluate(expression: pb.Expression, now: int) -> int:
    """A reading of the few functions that a window's index is made of."""
    if expression.WhichOneof("expr_type") == "literal":
        return expression.literal.long
    if expression.WhichOneof("expr_type") != "unresolved_function":
        return now
    call = expression.unresolved_function
    if call.function_name == "when":
        *branches, otherwise = call.arguments
        for condition, value in zip(branches[::2], branches[1::2], strict=True):
            if evaluate(condition, now):
                return evaluate(value, now)
        return evaluate(otherwise, now)
    operators = {"<": int.__lt__, "+": int.__add__, "-": int.__sub__, "div": int.__floordiv__}
    if call.function_name not in operators:
        return now
    return operators[call.function_name](*(evaluate(argument, now) for argument in call.arguments))


@given(
    start=st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    hours=st.integers(1, 3000),
    every=st.sampled_from(["1h", "6h", "1d", "3d", "1w", "1M"]),
    kind=st.sampled_from(["ts", "wall", "day"]),
    at=st.floats(0, 1, exclude_max=True),
)
def test_the_index_is_that_of_the_interval(start, hours, every, kind, at):
    end = start + timedelta(hours=hours)
    tiles = windows(TimeRange(start, end), every, BERLIN)
    units = clock(kind)
    bound = units.interval(start, end)
    assert bound.low is not None and bound.high is not None
    if bound.low >= bound.high:
        return
    now = bound.low + int((bound.high - bound.low) * at)
    index = evaluate(units.window_index(tiles), now)
    bounds = [(interval.low, interval.high) for interval in units.intervals(tiles, bound)]
    assert [i for i, (low, high) in enumerate(bounds) if (low or 0) <= now < (high or 0)] == [index]
    if kind == "ts":
        starts = [units.units(window.start) for window in tiles]
        assert index == bisect_right(starts, now) - 1


def test_equally_long_windows_cost_one_branch():
    year = TimeRange("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
    expression = clock("ts").window_index(windows(year, "1d", "UTC"))
    assert len(expression.unresolved_function.arguments) == 5
    berlin = clock("ts").window_index(windows(year, "1d", BERLIN))
    assert len(berlin.unresolved_function.arguments) < 20


def test_too_many_lengths_of_windows_are_refused(monkeypatch):
    monkeypatch.setattr(clock_module, "MAX_STRETCHES", 3)
    years = windows(TimeRange("2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), "1M", "UTC")
    with pytest.raises(UsageError, match="different lengths"):
        clock("ts").window_index(years)


def test_clipping_intervals():
    assert Interval(1, 5).clip(Interval(None, 3)) == Interval(1, 3)
    assert Interval().clip(Interval(2, None)) == Interval(2, None)


def test_plans_do_not_nest_deeply():
    terms = SegmentGroup.by_terms({f"t{i}": f"Age > {i}" for i in range(2000)})
    (query,) = count_queries(plan(terms), SOURCE)
    assert pb.Relation.FromString(query.SerializeToString()) == query  # protobuf refuses a hundred levels
    assert term_probe(plan(), SOURCE) is None


def test_more_frames_than_a_run_may_have_are_refused():
    fixed = [
        SegmentGroup.by_value(name, values=[f"v{i}" for i in range(400)]) for name in ("country", "twin")
    ]
    crossed = plan(SegmentGroup.cross(*fixed))
    table = pa.table({name: pa.array([], pa.int64()) for name in ("p0", "p1", "n", "m0", "m1")})
    with pytest.raises(DataError, match="more than 100000"):
        interpret_counts(crossed, [table])


def test_windows_of_a_plan_are_named_in_utc():
    tiled = plan(timestamp="day", time=DAY, every="12h", zone="Europe/Berlin")
    assert tiled.windows[0] == Window(parse_instant("2026-11-01T00:00Z"), parse_instant("2026-11-01T11:00Z"))


def test_a_cross_of_too_many_expressions_is_refused():
    sides = [SegmentGroup.by_terms({f"{side}{i}": "new" for i in range(101)}) for side in "ab"]
    with pytest.raises(DataError, match="pairs of expressions"):
        plan(SegmentGroup.cross(*sides))
