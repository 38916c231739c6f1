"""Members, rows and cuts, as the backends count them, against plain Python over the same table."""

import math
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from engine.errors import BackendError, DataError
from engine.frames import check_term_types, interpret_counts, term_probe
from engine.frames.counts import count_queries
from engine.frames.frameset import FrameSet
from engine.models import Cut, SegmentGroup, TimeRange, parse_zone
from tests.frames.data import FIRST, ROWS, make_table
from tests.tiers import DEEP

TABLE = make_table().to_pylist()
BERLIN = parse_zone("Europe/Berlin")
NAN = float("nan")


def segments(frames: FrameSet) -> list[tuple[Any, ...]]:
    """Value, type and rows of each segment."""
    return [
        (planned.frame.segment.value, planned.frame.segment.type, planned.rows)
        for planned in frames.frames
        if planned.frame.segment
    ]


def key(value: object) -> object:
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


def expected(name: str) -> Counter[Any]:
    return Counter(key(row[name]) for row in TABLE)


def test_without_groups_there_is_the_full_frame(asker):
    frames = asker.frames()
    assert [(planned.frame.index, planned.rows) for planned in frames.frames] == [(0, ROWS)]
    assert frames.frames[0].relation(asker.source) == asker.source
    assert frames.cut == ()


@pytest.mark.spark
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("country", "string"), ("income", "float"), ("ratio", "float"), ("age", "int"), ("big", "int"),
        ("tiny", "int"), ("price", "decimal"), ("new", "bool"), ("born", "date"), ("seen", "timestamp"),
        ("told", "timestamp_ntz"), ("odd name.x", "int"),
    ],
)  # fmt: skip
def test_each_value_is_a_segment_null_and_nan_as_themselves(asker, name, kind):
    frames = asker.frames(segments=[SegmentGroup.by_value(name)])
    got = segments(frames)
    assert {key(value): rows for value, _, rows in got} == expected(name)
    assert {type_ for _, type_, _ in got} <= {kind, "null", "nan"}
    assert [type_ for value, type_, _ in got if value is None] == ["null"] * (None in expected(name))
    assert [type_ for value, type_, _ in got if key(value) == "NaN"] == ["nan"] * ("NaN" in expected(name))
    assert [rows for *_, rows in got] == sorted((rows for *_, rows in got), reverse=True)
    assert frames.frames[0].rows == ROWS
    assert frames.cut == ()


def test_ties_come_by_value_with_nan_and_null_last(asker):
    got = segments(asker.frames(segments=[SegmentGroup.by_value("ratio")]))
    assert [key(value) for value, _, _ in got] == [pytest.approx(0.1), 2.5, "NaN", None]


def test_a_field_of_a_struct(asker):
    got = segments(asker.frames(segments=[SegmentGroup.by_value("device.os")]))
    assert {value: rows for value, _, rows in got} == Counter(
        (row["device"] or {}).get("os") for row in TABLE
    )


def test_members_beyond_top_are_cut_and_counted(asker):
    frames = asker.frames(segments=[SegmentGroup.by_value("country", top=2)])
    assert segments(frames) == [
        ("US", "string", expected("country")["US"]),
        ("DE", "string", expected("country")["DE"]),
    ]
    rest = ROWS - expected("country")["US"] - expected("country")["DE"]
    assert frames.cut == (Cut("country", 4, rest),)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("country", ["DE", None, "absent", "`q`'s"]),
        ("income", [NAN, 0, None, float("inf"), 3]),
        ("ratio", [2.5, NAN]),
        ("big", [2**60 + 1, -(2**63)]),
        ("price", [Decimal("1.5"), 0, -2.25]),
        ("new", [True, None]),
        ("born", [date(2026, 10, 25), None]),
        ("seen", [FIRST, FIRST + timedelta(days=400, microseconds=7)]),
        ("told", [datetime(2026, 10, 25, 2, 30)]),
    ],
)
def test_given_values_come_in_their_order_with_those_that_do_not_occur(asker, name, values):
    frames = asker.frames(segments=[SegmentGroup.by_value(name, values=values)])
    known = expected(name)
    assert [rows for *_, rows in segments(frames)] == [known[key(value)] for value in values]
    others = {value: rows for value, rows in known.items() if value not in [key(value) for value in values]}
    cut = Cut(name, len(others), sum(others.values()))
    assert frames.cut == ((cut,) if others else ())


@pytest.mark.parametrize(
    ("name", "edges"),
    [
        ("age", [18, 25, 40, 65]),
        ("age", [17.5, 24.5, 25]),
        ("income", [-1, 0, 1.5, 100]),
        ("ratio", [0, 0.1, 3]),
        ("big", [0, 2**60, 2**60 + 1]),
        ("price", [-2.25, 0, Decimal("1.50")]),
        ("born", [date(1990, 1, 1), date(2026, 10, 25)]),
        ("seen", [FIRST, FIRST + timedelta(microseconds=1)]),
        ("told", [datetime(2026, 10, 25, 2, 30), datetime(2027, 1, 1)]),
    ],
)
def test_buckets_are_half_open_and_hold_neither_null_nor_nan(asker, name, edges):
    values = [row[name] for row in TABLE if row[name] is not None and key(row[name]) != "NaN"]
    if name == "price":
        edges = [Decimal(str(edge)) for edge in edges]
    inner = [sum(low <= value < high for value in values) for low, high in pairwise(edges)]
    closed = asker.frames(segments=[SegmentGroup.by_buckets(name, edges)])
    assert [rows for *_, rows in segments(closed)] == inner
    assert closed.cut == (Cut(name, 0, ROWS - sum(inner)),)
    outer = asker.frames(segments=[SegmentGroup.by_buckets(name, edges, outer=True)])
    ends = [sum(value < edges[0] for value in values), sum(value >= edges[-1] for value in values)]
    assert [rows for *_, rows in segments(outer)] == [ends[0], *inner, ends[1]]
    assert outer.cut == ((Cut(name, 0, ROWS - len(values)),) if len(values) < ROWS else ())


def test_terms_may_overlap_and_null_is_no(asker):
    group = SegmentGroup.by_terms(
        {"adult": "age >= 18", "US adult": "age >= 18 AND country = 'US'", "none": "1 = 2"}
    )
    frames = asker.frames(segments=[group])
    adults = [row for row in TABLE if (row["age"] or 0) >= 18]
    american = [row for row in adults if row["country"] == "US"]
    assert segments(frames) == [
        ("adult", "where", len(adults)),
        ("US adult", "where", len(american)),
        ("none", "where", 0),
    ]
    assert [p.frame.segment.group for p in frames.frames[1:]] == ["adult", "US adult", "none"]
    assert frames.cut == (Cut("adult | US adult | none", 0, ROWS - len(adults)),)


def test_a_cross_of_found_values_has_the_pairs_that_occur(asker):
    group = SegmentGroup.cross(SegmentGroup.by_value("country"), SegmentGroup.by_value("income"))
    frames = asker.frames(segments=[group])
    pairs = Counter((row["country"], key(row["income"])) for row in TABLE)
    assert {(value[0], key(value[1])): rows for value, _, rows in segments(frames)} == pairs
    assert frames.frames[1].frame.segment.group == ("country", "income")
    assert frames.cut == ()


def test_a_cross_cuts_on_both_sides(asker):
    group = SegmentGroup.cross(SegmentGroup.by_value("country", top=1), SegmentGroup.by_value("new", top=2))
    frames = asker.frames(segments=[group])
    # Null and True are equally frequent; the value comes first.
    pairs = Counter(row["new"] for row in TABLE if row["country"] == "US" and row["new"] is not None)
    assert {value: rows for value, _, rows in segments(frames)} == {
        ("US", new): n for new, n in pairs.items()
    }
    assert frames.cut == (Cut(("country", "new"), 5 + 1, ROWS - pairs.total()),)


def test_a_cross_of_fixed_sides_has_every_pair(asker):
    group = SegmentGroup.cross(
        SegmentGroup.by_buckets("age", [18, 25, 65]),
        SegmentGroup.by_value("country", values=["DE", "absent"]),
    )
    frames = asker.frames(segments=[group])
    assert [value for value, _, _ in segments(frames)] == [
        ("[18,25)", "DE"), ("[18,25)", "absent"), ("[25,65)", "DE"), ("[25,65)", "absent"),
    ]  # fmt: skip
    assert segments(frames)[0][2] == sum(
        row["country"] == "DE" and row["age"] is not None and 18 <= row["age"] < 25 for row in TABLE
    )


@pytest.mark.parametrize("turned", [False, True])
def test_a_cross_with_terms(asker, turned):
    terms = SegmentGroup.by_terms({"old": "age > 30", "new": "new"})
    sides = [terms, SegmentGroup.by_value("country", top=2)]
    frames = asker.frames(segments=[SegmentGroup.cross(*(sides[::-1] if turned else sides))])
    got = {tuple(sorted(map(str, value))): rows for value, _, rows in segments(frames)}
    assert got == {
        tuple(sorted((label, country))): rows
        for label, test in {"old": lambda r: (r["age"] or 0) > 30, "new": lambda r: r["new"]}.items()
        for country in ("US", "DE")
        if (rows := sum(bool(test(row)) and row["country"] == country for row in TABLE))
    }
    covered = sum(
        row["country"] in ("US", "DE") and ((row["age"] or 0) > 30 or row["new"] is True) for row in TABLE
    )
    assert frames.cut[0].rows == ROWS - covered


def test_a_cross_of_terms(asker):
    group = SegmentGroup.cross(
        SegmentGroup.where("old", "age > 30"), SegmentGroup.by_terms({"n": "new", "o": "not new"})
    )
    got = segments(asker.frames(segments=[group]))
    old = [row for row in TABLE if (row["age"] or 0) > 30]
    assert got == [
        (("old", "n"), ("where", "where"), sum(row["new"] is True for row in old)),
        (("old", "o"), ("where", "where"), sum(row["new"] is False for row in old)),
    ]


def test_groups_come_in_their_order(asker):
    groups = [
        SegmentGroup.where("x", "new"),
        SegmentGroup.by_value("new"),
        SegmentGroup.by_buckets("age", [0, 99]),
    ]
    frames = asker.frames(segments=groups)
    assert [p.frame.index for p in frames.frames] == list(range(6))
    assert [p.frame.segment.group for p in frames.frames[1:]] == ["x", "new", "new", "new", "age"]


def instants(name: str) -> list[datetime]:
    """What the rows' timestamps mean in Berlin, by the clock's rules."""
    values = [row[name] for row in TABLE if row[name] is not None]
    if name == "ts":
        return values
    if name == "wall":  # a repeated hour is read as its second showing
        return [value.replace(tzinfo=BERLIN, fold=1).astimezone(UTC) for value in values]
    return [datetime(value.year, value.month, value.day, tzinfo=BERLIN).astimezone(UTC) for value in values]


@pytest.mark.spark
@pytest.mark.parametrize("name", ["ts", "wall", "day"])
@pytest.mark.parametrize(
    "every", ["1h", "1d", *(pytest.param(every, marks=DEEP) for every in ("6h", "1w", "1M"))]
)
def test_windows_across_the_change_of_the_clocks(asker, name, every):
    time = TimeRange("2026-10-24T10:10:00+02:00", "2026-10-26T13:40:00+01:00")
    groups = [SegmentGroup.by_value("country", top=2), SegmentGroup.where("new", "new")]
    frames = asker.frames(name, time=time, every=every, zone="Europe/Berlin", segments=groups)
    known = instants(name)
    whole, *rest = frames.frames
    assert time.start is not None and time.end is not None
    assert whole.rows == sum(time.start <= instant < time.end for instant in known)
    series = [planned for planned in rest if planned.frame.segment is None]
    assert [planned.rows for planned in series] == [
        sum(planned.frame.window.start <= instant < planned.frame.window.end for instant in known)
        for planned in series
    ]
    assert len(rest) == 4 * len(series)
    assert len({planned.frame.window for planned in series}) == len(series)


@pytest.mark.parametrize("name", ["ts", "wall", "day"])
def test_rows_without_a_timestamp_are_inside_only_where_there_is_no_range(asker, name):
    assert asker.frames(name).frames[0].rows == ROWS
    ages = TimeRange("1990-01-01T00:00:00Z", "2100-01-01T00:00:00Z")
    assert asker.frames(name, time=ages).frames[0].rows == ROWS - expected(name)[None]


@pytest.mark.spark
def test_members_are_found_within_the_range(asker):
    now = FIRST + timedelta(hours=1)
    frames = asker.frames("ts", "1h", as_of=now, segments=[SegmentGroup.by_value("odd name.x")])
    assert segments(frames) == [(2, "int", 2), (1, "int", 1)]  # the first row has no timestamp
    assert frames.frames[0].rows == 3


@pytest.mark.slow
@pytest.mark.spark
def test_a_range_without_rows(asker):
    time = TimeRange("2001-01-01T00:00:00Z", "2001-01-03T00:00:00Z")
    groups = [
        SegmentGroup.by_value("country"),
        SegmentGroup.where("new", "new"),
        SegmentGroup.by_buckets("age", [0, 9]),
    ]
    frames = asker.frames("ts", time=time, every="1d", segments=groups)
    assert [planned.rows for planned in frames.frames] == [0] * 7
    assert frames.cut == ()


@pytest.mark.slow
@pytest.mark.spark
def test_expressions_are_probed_before_the_run(asker):
    good = asker.plan(segments=[SegmentGroup.where("new", "new"), SegmentGroup.where("old", "age > 3")])
    check_term_types(good, asker.analyze(term_probe(good, asker.source)))
    number = asker.plan(segments=[SegmentGroup.where("sum", "age + 1")])
    with pytest.raises(DataError, match=r"segment 'sum': the expression is not Boolean but integer"):
        check_term_types(number, asker.analyze(term_probe(number, asker.source)))
    unknown = asker.plan(segments=[SegmentGroup.where("x", "nothing > 1")])
    with pytest.raises(BackendError):
        asker.analyze(term_probe(unknown, asker.source))


def test_what_travels_is_bounded_by_the_segments(asker):
    plan = asker.plan(segments=[SegmentGroup.by_value("ts", top=3)])
    (table,) = [asker.table(query) for query in count_queries(plan, asker.source)]
    assert table.num_rows == 4
    assert interpret_counts(plan, [table]).cut[0].members == len(expected("ts")) - 3
