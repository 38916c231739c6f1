from datetime import date

import pytest

from engine.cli.sizes import parse_size, show_size
from engine.cli.values import parse_buckets, parse_cross, parse_params, parse_where
from engine.errors import UsageError
from engine.models.parameters import Written
from engine.models.segments import SegmentGroup


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GiB", 2 << 30), ("512MiB", 512 << 20), ("1.5KiB", 1536), ("1000", 1000), (" 7 B ", 7)],
)
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["2GiB", "512MiB", "1536B", "64KiB", "3TiB"])
def test_a_size_is_shown_as_it_is_read(text):
    assert show_size(parse_size(text)) == text


@pytest.mark.parametrize("text", ["", "2GB", "GiB", "-1MiB", "2 GiB and more"])
def test_what_is_no_size_says_how_to_write_one(text):
    with pytest.raises(UsageError, match="2GiB"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "field", "edges"),
    [
        ("age=18,25,40", "age", (18, 25, 40)),
        ("score = 0.1, .5,1e2", "score", (0.1, 0.5, 100.0)),
        ("day=2026-01-01,2026-02-01", "day", (date(2026, 1, 1), date(2026, 2, 1))),
        ("t=-5,-1", "t", (-5, -1)),
    ],
)
def test_buckets(text, field, edges):
    assert parse_buckets(text) == SegmentGroup.by_buckets(field, edges)


@pytest.mark.parametrize("text", ["age", "age=", "=1,2", "age=1,x", "age=2,1"])
def test_what_is_no_bucket_group_is_an_error(text):
    with pytest.raises(UsageError):
        parse_buckets(text)


def test_a_condition_may_hold_equals_signs():
    assert parse_where("young=age = 7") == SegmentGroup.where("young", "age = 7")
    with pytest.raises(UsageError, match="LABEL=EXPRESSION"):
        parse_where("age < 7")


def test_a_cross_takes_named_groups_or_columns():
    ages = SegmentGroup.by_buckets("age", [18, 25])
    crossed = parse_cross("country, age", {"age": ages}, top=3)
    assert crossed == SegmentGroup.cross(SegmentGroup.by_value("country", top=3), ages)
    with pytest.raises(UsageError, match="A,B"):
        parse_cross("a,b,c", {}, top=3)


def test_parameters_end_their_names_at_the_first_equals_sign():
    found = parse_params(["threshold=0.7", " label =a=b", "empty="], shared=False)
    assert found == {"threshold": Written("0.7"), "label": Written("a=b"), "empty": Written("")}
    assert parse_params(["k=1"], shared=True) == {"k": Written("1", shared=True)}


def test_what_is_no_parameter_is_told_all_at_once():
    with pytest.raises(UsageError) as refused:
        parse_params(["threshold", "=1", "k=1", "k=2"], shared=False)
    assert str(refused.value).count("--param") == 3
