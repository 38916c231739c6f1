"""Nested values as DuckDB's server hands them over."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from engine.backends.duckdb.nested import as_json

MAP = pa.map_(pa.string(), pa.int32())
LONG = pa.decimal128(38, 9)


@pytest.mark.parametrize(
    ("values", "kind", "texts"),
    [
        ([[1, None], [], None], pa.list_(pa.int8()), ["[1, null]", "[]", None]),
        ([{"a": 1, "b": None}], pa.struct({"a": pa.int8(), "b": pa.string()}), ['{"a": 1, "b": null}']),
        ([[("a", 1), ("b", None)], [], None], MAP, ['{"a": 1, "b": null}', "{}", None]),
        ([[(1, "x")]], pa.map_(pa.int32(), pa.string()), ['{"1": "x"}']),
        ([[(dt.date(2024, 2, 29), 1)]], pa.map_(pa.date32(), pa.int8()), ['{"2024-02-29": 1}']),
        ([[[("a", 1)], None]], pa.list_(MAP), ['[{"a": 1}, null]']),
        ([{"m": [("a", 1)]}], pa.struct({"m": MAP}), ['{"m": {"a": 1}}']),
        ([[Decimal("1.25")]], pa.list_(pa.decimal128(5, 2)), ["[1.25]"]),
        ([[Decimal("1.50"), Decimal("-2.00")]], pa.list_(pa.decimal128(5, 2)), ["[1.5, -2.0]"]),
        ([[Decimal("12345678901234567890.123456789")]], pa.list_(LONG), ["[12345678901234567890.123456789]"]),
        ([[(Decimal("0.00000001"), 1)]], pa.map_(pa.decimal128(9, 8), pa.int8()), ['{"0.00000001": 1}']),
        ([[(b"\x00", 'a"b')]], pa.map_(pa.binary(), pa.string()), ['{"00": "a\\"b"}']),
        ([[('a"b', 1)]], MAP, ['{"a\\"b": 1}']),
        ([[2**64 - 1]], pa.list_(pa.decimal128(20, 0)), ["[18446744073709551615]"]),
        ([[b"\x00\xab"]], pa.list_(pa.binary()), ['["00AB"]']),
        ([[True, False]], pa.list_(pa.bool_()), ["[true, false]"]),
        ([[dt.datetime(2024, 1, 1, 10)]], pa.list_(pa.timestamp("us")), ['["2024-01-01 10:00:00"]']),
    ],
)
def test_nested_values_are_json(values: list[object], kind: pa.DataType, texts: list[str | None]) -> None:
    assert as_json(pa.array(values, kind)).to_pylist() == texts
