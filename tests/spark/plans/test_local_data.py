"""Data that a plan carries: what PySpark sends means the same afterwards, and nothing else gets through."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import types as T  # noqa: N812

from engine.errors import Interrupted, PlanRefused
from engine.spark.plans import Fetch, parse_request
from engine.spark.plans.caps import MAX_LOCAL_BYTES
from engine.spark.plans.local_data import rewrite_local_data
from engine.spark.plans.rules import Budget, Place
from engine.spark.plans.trees import relations
from sandbox.contract.framing import Method
from tests.spark.plans.streams import FOUR, HOSTILE, LONG, PLAIN, after_schema, batch, stream
from tests.waiting import within

_DAY = dt.datetime(2026, 1, 1, 2, 3, 4)
PANDAS = {
    "whole numbers": [1, 2],
    "floats": [1.5, None],
    "text": ["a", None],
    "flags": [True, False],
    "times": pd.to_datetime(["2026-01-01", "2026-01-02"]),
    "times of a zone": pd.to_datetime(pd.Series(["2026-01-01", None]), utc=True).dt.tz_convert(
        "Europe/Berlin"
    ),
    "durations": pd.to_timedelta([1, 2], "h"),
    "categories": pd.Categorical(["x", "y"]),
    "lists": [[1], [2, 3]],
    "dates": [dt.date(2026, 1, 1), None],
    "bytes": [b"x", b"y"],
    "decimals": [decimal.Decimal("1.5"), None],
    "nothing": [None, None],
    "structs": [{"a": 1}, {"a": 2}],
    "small": np.array([1, 2], "uint8"),
    "halves": np.array([1, 2], "float16"),
    "hours": [dt.time(1, 2), None],
    "pandas text": pd.array(["a", "b"], dtype="string"),
    "Arrow text": pd.array(["a", "b"], dtype="string[pyarrow]"),
    "pandas whole numbers": pd.array([1, None], dtype="Int64"),
    "arrays": [np.array([1.0]), np.array([2.0, 3.0])],
}
ROWS = {
    "map": (T.MapType(T.StringType(), T.DoubleType()), {"k": 1.0}),
    "array": (T.ArrayType(T.IntegerType()), [1, None]),
    "struct": (T.StructType().add("x", "integer").add("y", "string"), (1, "z")),
    "decimal": (T.DecimalType(10, 2), decimal.Decimal("2.50")),
    "timestamp": (T.TimestampType(), _DAY),
    "without zone": (T.TimestampNTZType(), _DAY),
    "duration": (T.DayTimeIntervalType(), dt.timedelta(1)),
    "variant": (T.VariantType(), T.VariantVal.parseJson('{"a": 1}')),
    "byte": (T.ByteType(), 3),
    "none": (T.DateType(), None),
}


def data_of(relation: Any) -> bytes:
    [found] = [here for here in relations(relation) if here.WhichOneof("rel_type") == "local_relation"]
    return found.local_relation.data


def check_honest(offline: Any, frame: Any) -> None:
    """What is sent on holds the same, and is what it is made of."""
    sent = data_of(offline.plan(frame).root)
    parsed = parse_request(Method.EXECUTE, offline.fetch(frame))
    assert isinstance(parsed, Fetch)
    rewritten = data_of(parsed.relation)
    before, after = (pa.ipc.open_stream(data).read_all() for data in (sent, rewritten))
    assert after.equals(before) and after.num_rows == before.num_rows
    assert rewrite_local_data(rewritten, Place()) == rewritten


@pytest.mark.parametrize("name", PANDAS)
def test_pandas_data_means_the_same(offline: Any, name: str) -> None:
    check_honest(offline, offline.spark.createDataFrame(pd.DataFrame({name: PANDAS[name]})))


@pytest.mark.parametrize("name", ROWS)
def test_rows_mean_the_same(offline: Any, name: str) -> None:
    kind, value = ROWS[name]
    check_honest(offline, offline.spark.createDataFrame([(value,), (None,)], T.StructType().add("v", kind)))


def test_rows_without_columns_are_counted(offline: Any) -> None:
    check_honest(offline, offline.spark.createDataFrame(pd.DataFrame(index=range(3)), T.StructType([])))


def test_a_variant_stays_one(offline: Any) -> None:
    value = T.VariantVal.parseJson('{"a": 1}')
    frame = offline.spark.createDataFrame([(value,)], T.StructType().add("v", T.VariantType()))
    parsed = parse_request(Method.EXECUTE, offline.fetch(frame))
    schema = pa.ipc.open_stream(data_of(parsed.relation)).schema  # type: ignore[union-attr]
    assert schema.field("v").type.field("metadata").metadata == {b"variant": b"true"}


def test_a_batch_made_by_hand_is_read() -> None:
    """So that the hostile ones below are refused for what is hostile in them."""
    sent = after_schema(LONG, batch(4, [(4, 0)], [(0, 0), (0, 32)], FOUR))
    assert pa.ipc.open_stream(rewrite_local_data(sent, Place())).read_all()["a"].to_pylist() == [1, 2, 3, 4]


def _tagged(**metadata: str) -> bytes:
    field = pa.field("a", pa.int64(), metadata=metadata)
    return stream(pa.table([pa.array([1])], schema=pa.schema([field], metadata={"pandas": "x"})))


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_plain_stream_is_refused(name: str) -> None:
    with within(2), pytest.raises(PlanRefused) as refusal:
        rewrite_local_data(HOSTILE[name], Place())
    assert refusal.value.code in ("plan-garbage", "plan-too-large", "type-refused", "hidden-column")


def test_metadata_stays_behind() -> None:
    """Spark takes a column's defaults, which are SQL, and whether it is hidden from Arrow's metadata."""
    sent = _tagged(**{"SPARK::metadata::json": '{"CURRENT_DEFAULT": "reflect(1)", "EXISTS_DEFAULT": "2"}'})
    schema = pa.ipc.open_stream(rewrite_local_data(sent, Place())).schema
    assert schema.metadata is None and schema.field("a").metadata is None
    assert b"SPARK" not in rewrite_local_data(sent, Place())


def test_nothing_of_the_bytes_between_goes_on() -> None:
    facts = batch(4, [(4, 0)], [(0, 0), (64, 32)], b"stowaway" * 8 + FOUR)
    assert b"stowaway" not in rewrite_local_data(after_schema(LONG, facts), Place())


def test_much_data_is_counted_and_quick() -> None:
    table = pa.table(
        {"a": np.arange(MAX_LOCAL_BYTES // 8 - 1_000), "n": pa.nulls(MAX_LOCAL_BYTES // 8 - 1_000)}
    )
    sent = stream(table)
    with within(2):
        assert len(rewrite_local_data(sent, Place())) == len(sent)
    place = Place()
    rewrite_local_data(sent, place)
    with pytest.raises(PlanRefused, match="MiB"):
        rewrite_local_data(sent, place)


def test_a_wide_table_is_stopped_when_time_is_over() -> None:
    def stop() -> None:
        raise Interrupted("deadline")

    with pytest.raises(Interrupted):
        rewrite_local_data(PLAIN, Place(Budget(stop)))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_change_is_read_or_refused(data: Any) -> None:
    """And what is let through says the same to Arrow, and is let through again as it is."""
    changed = bytearray(PLAIN)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    try:
        rewritten = rewrite_local_data(bytes(changed), Place())
    except PlanRefused:
        return
    table = pa.ipc.open_stream(rewritten).read_all()
    table.validate(full=True)
    assert rewrite_local_data(rewritten, Place()) == rewritten


def test_the_request_carries_only_what_was_written_anew(offline: Any) -> None:
    relation = pb.Relation()
    relation.local_relation.data = _tagged(secret="x")
    message = pb.ExecutePlanRequest()
    message.plan.root.CopyFrom(relation)
    parsed = parse_request(Method.EXECUTE, message.SerializeToString())
    assert b"secret" not in data_of(parsed.relation)  # type: ignore[union-attr]
