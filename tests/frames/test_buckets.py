"""Buckets of equal steps have the same places by division as by comparing."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest

from engine.frames import frame_keys
from engine.frames.axes import KeyedAxis
from engine.frames.buckets import place_of
from engine.frames.build import named, projected
from engine.models import SegmentGroup
from tests.frames.data import Asker, local, plan_on

KINDS = {
    "byte": (pa.int8(), 8),
    "short": (pa.int16(), 16),
    "integer": (pa.int32(), 32),
    "long": (pa.int64(), 64),
}
LEAST, MOST = -(2**63), 2**63 - 1
DAY = date(2026, 1, 1)
WEEKS = [DAY + i * timedelta(weeks=1) for i in range(6)]


def places(
    asker: Asker, name: str, kind: pa.DataType, values: list[Any], edges: list[Any], *, outer: bool
) -> tuple[list[int], list[int]]:
    """The places of values by the key of the buckets, and by comparing with each bucket."""
    source = local(pa.table({name: pa.array(values, kind)}))
    group = SegmentGroup.by_buckets(name, edges, outer)
    plan = plan_on(asker.analyze(source), segments=[group])
    axis = plan.groups[0].axes[0]
    assert isinstance(axis, KeyedAxis) and axis.members is not None
    general = place_of([member.condition for member in axis.members])
    assert is_division(axis)
    table = asker.table(projected(source, [named(frame_keys(plan)[0], "key"), named(general, "general")]))
    return table.column("key").to_pylist(), table.column("general").to_pylist()


def is_division(axis: KeyedAxis) -> bool:
    return b"div" in axis.key.SerializeToString()


def by_hand(value: Any, edges: list[Any], *, outer: bool) -> int:
    if value is None:
        return 0
    inner = [low <= value < high for low, high in pairwise(edges)]
    tests = [*([value < edges[0]] * outer), *inner, *([value >= edges[-1]] * outer)]
    return tests.index(True) + 1 if any(tests) else 0


@pytest.mark.spark
@pytest.mark.parametrize("outer", [False, True])
@pytest.mark.parametrize(("name", "low", "step", "buckets"), [
    ("byte", -128, 1, 256), ("byte", -100, 60, 4), ("byte", -1000, 500, 4), ("byte", 126, 1, 4),
    ("short", -(2**15), 2**13, 8), ("short", 10, 3, 5),
    ("integer", -(2**31), 2**30, 4), ("integer", 15, 8, 10), ("integer", 2**31 - 3, 1, 4),
    ("long", LEAST + 1, 2**61 - 1, 4), ("long", -(2**62), 2**61 - 1, 4), ("long", -5, 2**61 - 1, 4),
    ("long", MOST - 4, 1, 4), ("long", LEAST + 1, 1, 5),
])  # fmt: skip
def test_whole_numbers_at_their_extremes(asker, name, low, step, buckets, outer):
    kind, bits = KINDS[name]
    edges = [low + i * step for i in range(buckets + 1)]
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    near = {edge + by for edge in edges for by in (-1, 0, 1)} | {least, least + 1, -1, 0, 1, most - 1, most}
    values = [None, *sorted(value for value in near if least <= value <= most)]
    key, general = places(asker, name, kind, values, edges, outer=outer)
    assert key == general
    assert key == [by_hand(value, edges, outer=outer) for value in values]


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.parametrize("outer", [False, True])
def test_days(asker, outer):
    values = [
        None,
        date(1, 1, 1),
        *(e + timedelta(days=i) for e in WEEKS for i in (-1, 0, 1)),
        date(9999, 12, 31),
    ]
    key, general = places(asker, "day", pa.date32(), values, WEEKS, outer=outer)
    assert key == general
    assert set(key) == set(range(8 if outer else 6))


def axis_of(kind: pb.DataType, edges: list[Any]) -> KeyedAxis:
    schema = pb.DataType(
        struct=pb.DataType.Struct(fields=[pb.DataType.StructField(name="x", data_type=kind)])
    )
    axis = plan_on(schema, segments=[SegmentGroup.by_buckets("x", edges)]).groups[0].axes[0]
    assert isinstance(axis, KeyedAxis)
    return axis


T = pb.DataType
LONG, DATE, DOUBLE = T(long=T.Long()), T(date=T.Date()), T(double=T.Double())


@pytest.mark.parametrize(
    ("kind", "edges", "divides"),
    [
        (LONG, [0, 10, 20, 30, 40], True),
        (LONG, [0.5, 10.25, 20.125, 30.0625, 40.0], False),
        (LONG, [0.5, 1.5, 2.5, 3.5, 4.5], True),
        (LONG, [Decimal(i) for i in range(5)], True),
        (LONG, [0, 10, 20, 30], False),
        (LONG, [0, 10, 20, 30, 41], False),
        (LONG, [0.1, 0.2, 0.3, 0.4, 0.5], False),
        (LONG, [LEAST + 1 + i * 2**62 for i in range(4)], False),
        (LONG, [LEAST + 2 + i * 2**61 for i in range(5)], False),
        (DATE, WEEKS, True),
        (DATE, [date(2026, month, 1) for month in range(1, 9)], False),
        (DOUBLE, [0, 10, 20, 30, 40], False),
    ],
)  # fmt: skip
def test_only_equal_whole_steps_are_divided(kind, edges, divides):
    assert is_division(axis_of(kind, edges)) == divides
