"""How rows are cut for functions of batches and of groups, and what of them is not taken."""

from __future__ import annotations

import io
import struct

import numpy as np
import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest
from pyspark.sql.pandas.serializers import ArrowStreamGroupSerializer

from engine.errors import PlanRefused
from engine.spark.functions import (
    GivenFrame,
    check_kept,
    group_streams,
    grouped,
    groups_of,
    is_inexact,
    other_cut,
    same,
    streams,
)

NULLS = {
    "numbers": pa.array([1, 2, None, 4]),
    "in lists": pa.array([[1], [2], [None, 1], [4]]),
    "in structs": pa.array([{"x": 1}, {"x": 2}, {"x": None}, {"x": 4}]),
    "in maps": pa.array([[("a", 1)], [], [("a", None)], []], pa.map_(pa.string(), pa.int64())),
}


@pytest.mark.parametrize("name", NULLS)
def test_rows_with_nulls_come_apart_from_those_without(name):
    cut = other_cut(pa.table({"x": NULLS[name]}))
    assert cut is not None
    assert (cut.rows.tolist(), cut.first) == ([0, 1, 3, 2], 2)


def test_rows_without_nulls_are_halved_and_one_row_is_a_batch():
    cut = other_cut(pa.table({"x": [1, 2, 3]}))
    assert cut is not None
    assert (cut.rows.tolist(), cut.first) == ([0, 1, 2], 1)
    assert other_cut(pa.table({"x": [1]})) is None


@pytest.mark.parametrize(
    ("values", "inexact"),
    [
        ([2**53, None], False),
        ([2**53 + 1, None], True),
        ([-(2**60), None], True),
        ([2**60, 1], False),
        ([[2**60, None]], True),
        ([{"x": 2**60}, {"x": None}], True),
        (["a", None], False),
    ],
)
def test_numbers_that_pandas_rounds_beside_nulls_are_known(values, inexact):
    assert is_inexact(pa.table({"x": values})) is inexact


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ([1.0, None], [1.0 + 1e-15, None], True),
        ([1.0], [1.0 + 1e-9], False),
        ([float("nan")], [float("nan")], True),
        ([float("nan")], [None], False),
        ([[1.0, 2.0]], [[1.0, 2.0]], True),
        ([[1.0]], [[1.0, 2.0]], False),
        ([{"x": 1}], [{"x": 2}], False),
        (["a"], ["b"], False),
    ],
)
def test_results_are_the_same_but_for_last_digits(one, other, near):
    assert same([pa.chunked_array([one])], [pa.chunked_array([other])]) is near


def test_batches_are_cut_as_told():
    data = b"".join(streams(pa.table({"x": range(25_000)}), first=7))
    assert [batch.num_rows for batch in pa.ipc.open_stream(data)] == [7, 10_000, 10_000, 4_993]


def test_groups_are_those_of_spark():
    other_nan = struct.unpack("d", struct.pack("Q", 0xFFF8000000000001))[0]
    names = pa.chunked_array([["b", None, "b"], ["a", None]])
    numbers = pa.chunked_array([pa.array([float("nan"), 1.0, other_nan, 1.0, 1.0])])
    groups = groups_of([names, numbers], 5)
    assert groups.rows.tolist() == [0, 2, 1, 4, 3]
    assert (groups.ends.tolist(), groups.firsts.tolist()) == ([0, 2, 4, 5], [0, 1, 3])
    assert groups.reversed().rows.tolist() == [2, 0, 4, 1, 3]


def test_no_rows_are_no_group_and_no_keys_one():
    assert len(groups_of([], 0)) == len(groups_of([pa.chunked_array([pa.array([], pa.int64())])], 0)) == 0
    assert groups_of([], 3).ends.tolist() == [0, 3]


def test_some_groups_are_small_ones_and_rows_from_all_of_the_largest():
    groups = groups_of([pa.chunked_array([["a"] * 3 + ["b"] * 900 + ["c"] * 8_000 + ["d"] * 20])], 8_923)
    assert groups.some(8_923) is groups
    some = groups.some(1_000)
    assert np.diff(some.ends).tolist() == [3, 20, 500]
    assert some.rows[:23].tolist() == [0, 1, 2, *range(8_903, 8_923)]
    assert (some.rows[23], some.rows[-1], len(set(some.rows.tolist()))) == (903, 8_902, 523)
    alone = groups_of([], 5_000).some(1_000)
    assert (len(alone), alone.rows[0], alone.rows[-1], len(alone.rows)) == (1, 0, 4_999, 500)


def test_groups_reach_a_worker_as_from_spark():
    groups = groups_of([pa.chunked_array([["b", "a", "b"]])], 3)
    data = b"".join(group_streams(pa.table({"x": [1, 2, 3]}), groups, batch_rows=1))
    told = ArrowStreamGroupSerializer().load_stream(io.BytesIO(data))
    assert [[batch.to_pydict() for batch in group] for group in told] == [
        [{"_0": [1]}, {"_0": [3]}],
        [{"_0": [2]}],
    ]


def test_many_groups_travel_in_few_pieces():
    """The worker asks for each of them."""
    keys, table = pa.chunked_array([pa.array(range(2_000))]), pa.table({"x": range(2_000)})
    pieces = list(group_streams(table, groups_of([keys], 2_000), batch_rows=10))
    told = list(grouped([GivenFrame(table, 0, (0,))], in_structs=False))
    for some in (pieces, told):
        assert len(some) <= sum(map(len, some)) // (256 << 10) + 1


@pytest.mark.parametrize(
    "key",
    [pa.array([-0.0, 0.0]), pa.array(np.array([-0.0], np.float32)), pa.array([[1]]), pa.array([{"x": 1}])],
)
def test_keys_that_spark_may_take_otherwise_are_refused(key):
    with pytest.raises(PlanRefused):
        groups_of([pa.chunked_array([key])], len(key))


def test_columns_that_lose_their_type_as_local_data_are_refused():
    schema = pb.DataType()
    schema.struct.fields.add(name="a").data_type.string.SetInParent()
    schema.struct.fields.add(name="b").data_type.string.collation = "UTF8_LCASE"
    schema.struct.fields.add(name="c").data_type.array.element_type.string.collation = "UNICODE"
    schema.struct.fields.add(name="d").data_type.year_month_interval.SetInParent()
    schema.struct.fields.add(name="e").data_type.null.SetInParent()
    check_kept(schema, [0, 4])
    for place in (1, 2, 3):
        with pytest.raises(PlanRefused):
            check_kept(schema, [0, place])
