"""Segment groups and datasets refuse at construction whatever can be known to be wrong without data."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import get_args

import pytest

from engine.errors import UsageError
from engine.models import Dataset, Duration, Frame, Segment, SegmentGroup, Window
from engine.models.frame import ValueType
from engine.models.segments import bucket_label

NAN = float("nan")
DAY = date(2026, 11, 1)
MIDNIGHT = datetime(2026, 11, 1, tzinfo=UTC)
BY_COUNTRY = SegmentGroup.by_value("country")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SegmentGroup(), "make segment groups with"),
        (lambda: SegmentGroup.by_value(""), "not empty"),
        (lambda: SegmentGroup.by_value(3), "not empty"),  # type: ignore[arg-type]
        (lambda: SegmentGroup.by_value("c", top=0), "top must be"),
        (lambda: SegmentGroup.by_value("c", top=True), "top must be"),
        (lambda: SegmentGroup.by_value("c", values=[]), "values must be from 1"),
        (lambda: SegmentGroup.by_value("c", values="US"), "must be a list"),
        (lambda: SegmentGroup.by_value("c", values=["US", 1]), "mixed types"),
        (lambda: SegmentGroup.by_value("c", values=[True, 1]), "mixed types"),
        (lambda: SegmentGroup.by_value("c", values=[1, 1.0]), "given twice"),
        (lambda: SegmentGroup.by_value("c", values=[NAN, 1.0, float("nan")]), "given twice"),
        (lambda: SegmentGroup.by_value("c", values=[None, "a", None]), "given twice"),
        (lambda: SegmentGroup.by_value("c", values=[b"x"]), "use text"),  # type: ignore[list-item]
        (lambda: SegmentGroup.by_value("c", values=[Decimal("sNaN")]), "not a decimal number"),
        (lambda: SegmentGroup.by_buckets("age", []), "at least 2"),
        (lambda: SegmentGroup.by_buckets("age", [18]), "at least 2"),
        (lambda: SegmentGroup.by_buckets("age", [], outer=True), "at least 1"),
        (lambda: SegmentGroup.by_buckets("age", "18"), "must be a list"),  # type: ignore[arg-type]
        (lambda: SegmentGroup.by_buckets("age", [18, 18]), "must ascend"),
        (lambda: SegmentGroup.by_buckets("age", [25, 18]), "must ascend"),
        (lambda: SegmentGroup.by_buckets("age", [18, NAN]), "not finite"),
        (lambda: SegmentGroup.by_buckets("age", [18, float("inf")]), "outer=True"),
        (lambda: SegmentGroup.by_buckets("age", [18, "25"]), "not a number"),  # type: ignore[list-item]
        (lambda: SegmentGroup.by_buckets("age", [False, True]), "not a number"),
        (lambda: SegmentGroup.by_buckets("age", [18, DAY]), "mixed types"),
        (lambda: SegmentGroup.by_buckets("age", [DAY, MIDNIGHT]), "mixed types"),
        (lambda: SegmentGroup.by_buckets("ts", [MIDNIGHT, datetime(2026, 12, 1)]), "mixed types"),
        (lambda: SegmentGroup.where("", "a > 1"), "label"),
        (lambda: SegmentGroup.where("old", "  "), "Boolean SQL"),
        (lambda: SegmentGroup.by_terms({}), "from 1"),
        (lambda: SegmentGroup.by_terms(["a"]), "a dict"),  # type: ignore[arg-type]
        (lambda: SegmentGroup.cross(BY_COUNTRY, "age"), "two segment groups"),  # type: ignore[arg-type]
        (lambda: SegmentGroup.cross(BY_COUNTRY, BY_COUNTRY), "with itself"),
        (
            lambda: SegmentGroup.cross(
                SegmentGroup.cross(BY_COUNTRY, SegmentGroup.where("x", "y")), BY_COUNTRY
            ),
            "two plain groups",
        ),
        (lambda: Dataset(None), "needs a source"),
        (lambda: Dataset(" "), "needs a source"),
        (lambda: Dataset("x.parquet", timestamp=3), "name of a column"),  # type: ignore[arg-type]
        (lambda: Dataset("x.parquet", retention="90d"), "timestamp='ts'"),
        (lambda: Dataset("x.parquet", timestamp="ts", retention="90"), "retention must be"),
    ],
)
def test_nonsense_is_refused_with_the_fix(make, words):
    with pytest.raises(UsageError, match=words):
        make()


def test_names():
    cross = SegmentGroup.cross(BY_COUNTRY, SegmentGroup.by_terms({"old": "age > 60", "new": "is_new"}))
    assert cross.name == ("country", "old | new")


def test_a_named_group_of_conditions_is_told_from_another_one_of_its_labels():
    named = SegmentGroup.by_terms({"high": "age > 60"}, "ages")
    assert named.name == "ages" and named != SegmentGroup.by_terms({"high": "age > 60"})
    assert str(Segment("ages", "high", "where")) == "ages: high" != str(Segment("high", "high", "where"))
    with pytest.raises(UsageError, match="name of a group"):
        SegmentGroup.by_terms({"high": "age > 60"}, " ")


def test_bucket_bounds_and_labels():
    group = SegmentGroup.by_buckets("age", [18, 25, 40.5], outer=True)
    assert [bucket_label(*bound) for bound in group.bounds()] == [
        "(-inf,18)", "[18,25)", "[25,40.5)", "[40.5,inf)",
    ]  # fmt: skip
    assert [
        bucket_label(*bound) for bound in SegmentGroup.by_buckets("d", [DAY, date(2026, 12, 1)]).bounds()
    ] == ["[2026-11-01,2026-12-01)"]


def test_one_outer_edge_makes_two_buckets():
    assert SegmentGroup.by_buckets("age", [18], outer=True).bounds() == ((None, 18), (18, None))


def test_retention_is_parsed():
    assert Dataset("x.parquet", "ts", "90d").retention_length == Duration(90, "d")
    assert Dataset("x.parquet", "ts", timedelta(hours=5)).retention_length == Duration(5, "h")


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (None, "null", None),
        (NAN, "nan", None),
        (float("inf"), "float", "inf"),
        (1.5, "float", 1.5),
        (True, "bool", True),
        (2**60, "int", 2**60),
        ("null", "string", "null"),
        (Decimal("1E+3"), "decimal", "1000"),
        (Decimal("1.50"), "decimal", "1.50"),
        (DAY, "date", "2026-11-01"),
        (MIDNIGHT, "timestamp", "2026-11-01T00:00:00+00:00"),
        (datetime(2026, 11, 1), "timestamp_ntz", "2026-11-01T00:00:00"),
        ("[18,25)", "bucket", "[18,25)"),
    ],
)
def test_segments_in_json(value, kind, expected):
    assert kind in get_args(ValueType)
    assert Segment("c", value, kind).to_dict() == {"group": "c", "value": expected, "type": kind}


def test_a_cross_has_arrays_in_json():
    segment = Segment(("a", "b"), (None, "x"), ("null", "string"))
    assert segment.to_dict() == {"group": ["a", "b"], "value": [None, "x"], "type": ["null", "string"]}
    assert str(segment) == "a = null & b = x"


def test_frames_in_json():
    window = Window(MIDNIGHT, MIDNIGHT + timedelta(hours=1))
    assert Frame(0).to_dict() == {"segment": None, "window": None}
    assert Frame(1, None, window).to_dict()["window"] == {
        "start": "2026-11-01T00:00:00+00:00",
        "end": "2026-11-01T01:00:00+00:00",
    }
