"""One query by the finest cells says what one query for each group does, on any data."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import DataError
from engine.frames import (
    Cells,
    cell_query,
    frame_keys,
    frames_of,
    has_exact_keys,
    interpret_cells,
)
from engine.models import SegmentGroup, TimeRange
from tests.frames.data import FIRST, OTHER_NAN, local, plan_on, shape
from tests.tiers import DEEP, all_but

T = pb.DataType
NAN = float("nan")
BY, BUCKETS, TERMS, CROSS = (
    SegmentGroup.by_value, SegmentGroup.by_buckets, SegmentGroup.by_terms, SegmentGroup.cross,
)  # fmt: skip
HOUR = timedelta(hours=1)

# Text whose order differs between UTF-8 and UTF-16, numbers that equal others, and what looks like null.
COLUMNS = {
    "text": (pa.string(), [None, "", "a", "ä", "\uffff", "\U0001f600", "Z", "null", "NaN"]),
    "number": (pa.float64(), [None, NAN, OTHER_NAN, 0.0, -0.0, 1.0, float("-inf"), float("inf")]),
    "small": (pa.float32(), [None, NAN, 0.1, -0.0, 0.0, 2.5]),
    "whole": (pa.int16(), [None, -1, 0, 1, 2, 3, 4, 5]),
    "flag": (pa.bool_(), [None, True, False]),
    "price": (pa.decimal128(12, 2), [None, Decimal("1.00"), Decimal("-2.25"), Decimal("0.10")]),
    "born": (pa.date32(), [None, date(2026, 1, 1), date(1969, 12, 31)]),
    "seen": (pa.timestamp("us", "UTC"), [None, FIRST, FIRST - timedelta(microseconds=1)]),
    "told": (pa.timestamp("us"), [None, datetime(2026, 10, 25, 2, 30), datetime(1960, 1, 1)]),
    "device": (pa.struct([("os", pa.string())]), [None, {"os": None}, {"os": "ios"}, {"os": "Ios"}]),
    "ts": (pa.timestamp("us", "UTC"), [None, *(FIRST + i * HOUR / 2 for i in range(-2, 12))]),
}
GROUPS = [
    BY("text"), BY("number"), BY("device.os", top=1), BY("whole", top=2),
    BY("text", values=["\U0001f600", "absent", None, "null"]),
    BY("number", values=[NAN, 0, 7.5, None]), BY("small", values=[0.1, 0, NAN]),
    BY("price", values=[Decimal("1"), 5]), BY("flag", values=[False]), BY("seen", values=[FIRST]),
    BY("told", values=[datetime(1960, 1, 1), datetime(1961, 1, 1)]), BY("born", values=[date(1969, 12, 31)]),
    BUCKETS("whole", [0, 1, 2, 3, 4]), BUCKETS("whole", [-1, 0, 1, 2, 3], outer=True),
    BUCKETS("number", [-1, 0.5, 2], outer=True), BUCKETS("seen", [FIRST, FIRST + HOUR]),
    TERMS({"some": "whole > 1", "flagged": "flag", "more": "whole > 0"}), SegmentGroup.where("no", "1 = 2"),
    CROSS(BY("text", top=2), BY("flag")), CROSS(BY("small", top=2), BUCKETS("whole", [0, 2, 4])),
    CROSS(TERMS({"x": "flag", "y": "whole > 1"}), BY("text", top=2)),
    CROSS(BY("flag", values=[True]), SegmentGroup.where("x", "flag")),
    CROSS(TERMS({"x": "flag", "y": "whole > 1"}), SegmentGroup.where("z", "number >= 0")),
    CROSS(BY("text", top=2), BY("text", values=["a", "Z"])),
    CROSS(BY("text", values=["a", "", None]), BUCKETS("whole", [0, 3])),
]  # fmt: skip
TIMES = [
    {},
    {"timestamp": "ts"},
    {"timestamp": "ts", "time": TimeRange(FIRST, FIRST + 3 * HOUR)},
    {"timestamp": "ts", "time": TimeRange(FIRST, FIRST + 9 * HOUR), "every": "2h", "zone": "Europe/Berlin"},
]


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    size = draw(st.integers(0, 25))
    return pa.table(
        {
            name: pa.array(draw(st.lists(st.sampled_from(values), min_size=size, max_size=size)), kind)
            for name, (kind, values) in COLUMNS.items()
        }
    )


@pytest.mark.spark
@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    table=tables(),
    groups=st.lists(st.sampled_from(GROUPS), max_size=3, unique=True),
    time=st.sampled_from(TIMES),
)
def test_one_query_says_what_one_for_each_group_does(asker, table, groups, time):
    source = local(table)
    plan = plan_on(asker.analyze(source), segments=groups, **time)
    counted = asker.counted(plan, source)
    assert shape(interpret_cells(plan, asker.cells(plan, source))) == shape(counted)
    asker.check_families(plan, source, counted)


@pytest.mark.spark
@pytest.mark.parametrize("name", all_but(("price",), sorted(COLUMNS.keys() - {"device"})))
def test_values_that_are_equally_frequent_come_in_the_order_of_the_backend(asker, name):
    kind, values = COLUMNS[name]
    source = local(pa.table({name: pa.array(values * 2, kind)}))
    plan = plan_on(asker.analyze(source), segments=[BY(name), BY(name, top=2)])
    frames = interpret_cells(plan, asker.cells(plan, source))
    assert shape(frames) == shape(asker.counted(plan, source))
    distinct = len({repr(0.0 if value == 0 else value) for value in values})
    assert frames.cut[0].members == distinct - 2


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.parametrize(
    "time", [pytest.param(TIMES[0], id="everything", marks=DEEP), pytest.param(TIMES[-1], id="windows")]
)
def test_every_kind_of_group_at_once_on_the_same_rows(asker, time):
    generator = np.random.default_rng(7)
    source = local(
        pa.table(
            {
                name: pa.array([values[i] for i in generator.integers(0, len(values), 300)], kind)
                for name, (kind, values) in COLUMNS.items()
            }
        )
    )
    plan = plan_on(asker.analyze(source), segments=GROUPS, **time)
    counted = asker.counted(plan, source)
    assert shape(interpret_cells(plan, asker.cells(plan, source))) == shape(counted)
    asker.check_families(plan, source, counted)


@pytest.mark.slow
@pytest.mark.spark
def test_too_many_cells_are_one_more_than_asked_for(asker):
    plan = asker.plan(segments=[BY("age")])
    assert asker.table(cell_query(plan, asker.source, ("k",), 3)).num_rows == 4
    everything = asker.table(cell_query(asker.plan(), asker.source, (), 3))
    assert everything.column_names == ["n"]
    assert everything.num_rows == 1


def schema(**kinds: pb.DataType) -> pb.DataType:
    fields = [T.StructField(name=name, data_type=kind) for name, kind in kinds.items()]
    return T(struct=T.Struct(fields=fields))


TEXT, TIME, WHOLE = T(string=T.String()), T(timestamp=T.Timestamp()), T(integer=T.Integer())


def test_alike_axes_share_a_key():
    groups = [
        BY("a"), BY("a", top=5), CROSS(BUCKETS("n", [1, 2]), BY("a")), BUCKETS("n", [1, 2]),
        TERMS({"x": "n > 1", "y": "n > 2"}), SegmentGroup.where("z", "n > 2"),
    ]  # fmt: skip
    plan = plan_on(schema(a=TEXT, n=WHOLE), segments=groups)
    assert len(frame_keys(plan)) == 4
    frames = interpret_cells(plan, Cells([pa.array(["v"]), pa.array([1]), *[pa.array([True])] * 2], ONE))
    assert [family.keys for family in frames.families] == [(), (0,), (0,), (1, 0), (1,), (2,), (3,), (3,)]


ONE = np.array([1], np.int64)


def test_a_family_has_a_condition_only_if_it_leaves_rows_out():
    plan = plan_on(schema(a=TEXT, n=WHOLE), segments=[BY("a", top=1), BUCKETS("n", [0, 9])])
    bare = {}
    for values in ("xx", "xy"):
        for places in ([1, 1], [1, 0]):
            cells = Cells([pa.array(list(values)), pa.array(places)], np.array([2, 1]))
            families = interpret_cells(plan, cells).families
            bare[values, sum(places)] = [family.inside is None for family in families]
    assert bare == {
        ("xx", 2): [True, True, True],
        ("xx", 1): [True, True, False],
        ("xy", 2): [True, False, True],
        ("xy", 1): [True, False, False],
    }


def test_the_two_sides_of_a_cross_may_be_of_one_column():
    plan = plan_on(schema(a=TEXT), segments=[CROSS(BY("a", values=["x", "y"]), BY("a", values=["y", "z"]))])
    frames = interpret_cells(plan, Cells([pa.array(["x", "y"])], np.array([2, 3])))
    assert [planned.rows for planned in frames.frames] == [5, 0, 0, 3, 0]
    assert frames.families[1].keys == (0,)
    assert frames_of(frames.families[1], [pa.array(["x", "y", "z"])]).tolist() == [-1, 3, -1]


def test_cells_may_come_in_parts():
    plan = plan_on(schema(a=TEXT), segments=[BY("a", top=1)])
    column = pa.chunked_array([pa.array(["x", "y"]), pa.array(["y", "x", "y"])])
    frames = interpret_cells(plan, Cells([column], np.array([1, 2, 3, 4, 5])))
    assert [(p.frame.segment and p.frame.segment.value, p.rows) for p in frames.frames] == [
        (None, 15),
        ("y", 10),
    ]
    assert [(cut.members, cut.rows) for cut in frames.cut] == [(1, 5)]


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        (TEXT, pa.array([b"\xff", b"a"]).view(pa.string())),
        (TIME, pa.array([2**62, 5], pa.int64()).view(pa.timestamp("us", "UTC"))),
    ],
)
def test_only_values_that_become_segments_must_be_ones_that_python_can_hold(kind, column):
    plan = plan_on(schema(a=kind), segments=[BY("a", top=1)])
    with pytest.raises(DataError, match=r"cannot be a segment.*where"):
        interpret_cells(plan, Cells([column], np.array([3, 2])))
    frames = interpret_cells(plan, Cells([column], np.array([2, 3])))
    assert frames.frames[1].rows == 3
    assert frames_of(frames.families[1], [column]).tolist() == [-1, 1]


def test_text_with_a_collation_has_no_exact_keys():
    plain = schema(a=TEXT, n=WHOLE)
    folded = schema(a=T(string=T.String(collation="UTF8_LCASE")), n=WHOLE)
    assert has_exact_keys(plan_on(plain, segments=[BY("a")]))
    assert has_exact_keys(plan_on(folded, segments=[BUCKETS("n", [1, 2])]))
    assert not has_exact_keys(plan_on(folded, segments=[BY("n"), CROSS(BY("n"), BY("a"))]))
