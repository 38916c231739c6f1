"""Which types are read, as what, where, and which may become another."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.models.backends import Reader
from engine.sources.convert import UnfitValue, convert, convert_batches
from engine.sources.kinds import Readable, Unreadable, decide, settle, spark_type, unify

US, UTC = pa.timestamp("us"), pa.timestamp("us", "UTC")


def read_type(kind: pa.DataType, engine: Reader) -> pa.DataType:
    """The type as which an engine reads a column that it can read."""
    found = decide(kind, engine)
    assert isinstance(found, Readable)
    return found.type


@pytest.mark.parametrize(
    ("kind", "read_as", "in_place"),
    [
        (pa.int8(), pa.int8(), True),
        (pa.uint32(), pa.int64(), True),
        (pa.uint64(), pa.decimal128(20, 0), True),
        (pa.float16(), pa.float32(), False),
        (pa.decimal256(38, 2), pa.decimal128(38, 2), True),
        (pa.large_string(), pa.string(), True),
        (pa.string_view(), pa.string(), True),
        (pa.binary(4), pa.binary(), True),
        (pa.date64(), pa.date32(), True),
        (pa.timestamp("ms", "Europe/Oslo"), UTC, True),
        (pa.timestamp("ns"), US, False),
        (pa.uuid(), pa.string(), False),
        (pa.dictionary(pa.int8(), pa.int64()), pa.int64(), True),
        (pa.run_end_encoded(pa.int32(), pa.string()), pa.string(), False),
        (pa.list_(pa.timestamp("ns")), pa.list_(pa.field("element", US)), False),
        (pa.list_(pa.float64(), 2), pa.list_(pa.field("element", pa.float64())), True),
        (pa.map_(pa.string(), pa.uint8()), pa.map_(pa.string(), pa.int16()), True),
        (pa.struct([("a", pa.binary(2))]), pa.struct([("a", pa.binary())]), True),
        (pa.json_(), pa.string(), True),
    ],
)
def test_types_that_are_read(kind, read_as, in_place):
    assert decide(kind, "spark") == Readable(read_as, in_place)
    assert read_type(kind, "duckdb") == read_as
    assert spark_type(read_as)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (pa.time64("us"), "time of day"),
        (pa.duration("ns"), "length of time"),
        (pa.month_day_nano_interval(), "months"),
        (pa.decimal256(39, 0), "38 digits"),
        (pa.decimal128(5, -2), "scale"),
        (pa.dense_union([pa.field("a", pa.int8())]), "several types"),
        (pa.struct([]), "without fields"),
        (pa.struct([("a", pa.int8()), ("A", pa.int8())]), "case"),
        (pa.list_(pa.duration("s")), "length of time"),
        (pa.map_(pa.string(), pa.struct([("t", pa.time32("s"))])), "time of day"),
    ],
)
def test_types_that_are_left_out_say_why(kind, word):
    decision = decide(kind, "spark")
    assert isinstance(decision, Unreadable)
    assert word in decision.reason


def test_duckdb_has_a_time_of_day():
    assert decide(pa.time64("us"), "duckdb") == Readable(pa.time64("us"))
    assert decide(pa.time64("ns"), "duckdb") == Readable(pa.time64("us"), in_place=False)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (pa.int8(), pa.int64(), pa.int64()),
        (pa.float32(), pa.float64(), pa.float64()),
        (pa.null(), pa.string(), pa.string()),
        (pa.decimal128(5, 2), pa.decimal128(10, 4), pa.decimal128(10, 4)),
        (pa.decimal128(5, 0), pa.decimal128(5, 4), pa.decimal128(9, 4)),
        (
            pa.struct([("a", pa.int8())]),
            pa.struct([("A", pa.int16()), ("b", US)]),
            pa.struct([("a", pa.int16()), ("b", US)]),
        ),
        (pa.list_(pa.null()), pa.list_(pa.int8()), pa.list_(pa.field("element", pa.int8()))),
        (pa.map_(pa.string(), pa.int8()), pa.map_(pa.string(), pa.int16()), pa.map_(pa.string(), pa.int16())),
    ],
)  # fmt: skip
def test_types_that_hold_each_other_exactly_unite(one, other, both):
    assert unify(one, other) == both
    assert unify(other, one) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.int64(), pa.float64()),
        (pa.int32(), pa.float32()),
        (pa.int64(), pa.string()),
        (pa.bool_(), pa.int8()),
        (pa.date32(), US),
        (US, UTC),
        (pa.string(), pa.binary()),
        (pa.int64(), pa.decimal128(20, 0)),
        (pa.decimal128(38, 0), pa.decimal128(38, 10)),
        (pa.list_(pa.int8()), pa.int8()),
        (pa.struct([("a", pa.int8())]), pa.struct([("a", pa.string())])),
    ],
)
def test_types_that_would_lose_or_guess_do_not(one, other):
    assert unify(one, other) is None
    assert unify(other, one) is None


CATEGORY = pa.dictionary(pa.int8(), pa.string())
NS = [-1, -1000, -1001, 1999, None]


@pytest.mark.parametrize("cut", [0, 1])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array(NS, pa.timestamp("ns")), [-1, -1, -2, 1, None]),
        (pa.array([[1999], None, [], [-1, None]], pa.list_(pa.timestamp("ns"))), [[1], None, [], [-1, None]]),
        (pa.array([[1, 2], None], pa.list_(pa.uint64(), 2)), [[Decimal(1), Decimal(2)], None]),
        (pa.array([{"a": 1999}, None], pa.struct([("a", pa.timestamp("ns"))])), [{"a": 1}, None]),
        (pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.uint8())), [[("k", 1)], None, []]),
        (pa.array(np.array([1.5, -0.0, np.inf], np.float16)), [1.5, -0.0, np.inf]),
        (pa.array(["x", None, "x"]).dictionary_encode(), ["x", None, "x"]),
        (pa.array([{"a": "x"}, None], pa.struct([("a", CATEGORY)])), [{"a": "x"}, None]),
        (pa.array([2**64 - 1, 0], pa.uint64()), [Decimal(2**64 - 1), Decimal(0)]),
        (pa.array([b"\0" * 15 + b"\5", None], pa.uuid()), ["00000000-0000-0000-0000-000000000005", None]),
        (pa.array([0, 86_400_000], pa.date64()), [dt.date(1970, 1, 1), dt.date(1970, 1, 2)]),
        (pa.nulls(3), [None] * 3),
    ],
)  # fmt: skip
def test_values_stay_what_they_are(values, expected, cut):
    values, expected = values.slice(cut), expected[cut:]
    target = settle(read_type(values.type, "spark"))
    made = convert(values, target)
    made.validate(full=True)
    assert made.type == target
    assert _numbers(made.to_pylist()) == expected


def _numbers(value: Any) -> Any:
    """Naive timestamps as microseconds, at whatever depth."""
    if isinstance(value, dt.datetime):
        return (value - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)
    if isinstance(value, list):
        return [_numbers(one) for one in value]
    if isinstance(value, dict):
        return {name: _numbers(one) for name, one in value.items()}
    return value


def test_a_value_that_does_not_fit_names_its_column():
    batch = pa.record_batch({"a": [1], "t": pa.array([2**60], pa.timestamp("s"))})
    schema = pa.schema([("a", pa.int64()), ("t", US)])
    with pytest.raises(UnfitValue) as caught:
        list(convert_batches([batch], schema))
    assert caught.value.name == "t"
