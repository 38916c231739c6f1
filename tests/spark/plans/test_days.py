"""Days that only one of two calendars has."""

from __future__ import annotations

import datetime as dt

import pyspark.sql.connect.proto as pb
import pytest

from engine.errors import PlanRefused
from engine.frames.build import literal
from engine.spark.plans.rebuild import rebuild
from engine.writing.dialects import DIALECTS
from engine.writing.expressions import write_expression

Literal = pb.Expression.Literal
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


def day(text: str) -> Literal:
    return Literal(date=dt.date.fromisoformat(text).toordinal() - EPOCH.toordinal())


def instant(text: str) -> Literal:
    return Literal(timestamp=(dt.datetime.fromisoformat(text) - EPOCH) // MICROSECOND)


SPELLED = [
    (day("1582-10-05"), "date", "1582-10-05"),
    (day("1582-10-14"), "date", "1582-10-14"),
    (instant("1582-10-05T00:00:00Z"), "timestamp", "1582-10-05T00:00:00.000000+00:00"),
    (instant("1582-10-14T23:59:59.999999Z"), "timestamp", "1582-10-14T23:59:59.999999+00:00"),
]


@pytest.mark.parametrize(("value", "kind", "text"), SPELLED)
def test_days_that_a_calendar_lacks_are_spelled(value: Literal, kind: str, text: str) -> None:
    for made in (literal(value), rebuild(pb.Expression(literal=value))):
        assert made.cast.expr.literal.string == text
        assert made.cast.type.WhichOneof("kind") == kind
        assert rebuild(made) == made


@pytest.mark.parametrize(
    "value",
    [
        *(day("1582-10-04"), day("1582-10-15"), instant("1582-10-04T23:59:59.999999Z")),
        *(instant("1582-10-15T00:00:00Z"), Literal(long=-141428), Literal(timestamp_ntz=-12219292800000001)),
    ],
)
def test_others_are_literals(value: Literal) -> None:
    assert literal(value) == rebuild(pb.Expression(literal=value)) == pb.Expression(literal=value)


@pytest.mark.parametrize("dialect", ["duckdb", "snowflake"])
def test_what_is_spelled_can_be_written_as_sql(dialect: str) -> None:
    def refuse(text: str) -> None:
        raise AssertionError(text)

    written = [
        write_expression(literal(value), DIALECTS[dialect], refuse).sql(dialect)  # type: ignore[arg-type]
        for value, _, _ in SPELLED
    ]
    assert all(text in sql for sql, (_, _, text) in zip(written, SPELLED, strict=True))


def nested(value: Literal) -> list[Literal]:
    array, struct, pairs = Literal(), Literal(), Literal()
    array.array.elements.append(value)
    struct.struct.elements.append(array)
    pairs.map.keys.append(Literal(string="k"))
    pairs.map.values.append(value)
    return [array, struct, pairs]


@pytest.mark.parametrize(("value", "kind", "text"), SPELLED)
def test_within_a_literal_of_several_values_they_are_refused(value: Literal, kind: str, text: str) -> None:
    for one in nested(value):
        with pytest.raises(PlanRefused, match="single literals"):
            literal(one)


def test_other_days_may_stand_in_a_literal_of_several_values() -> None:
    for one in nested(day("1582-10-15")):
        assert literal(one) == pb.Expression(literal=one)
