"""How rows are put into groups, as PySpark's worker reads them, and when two results are the same rows."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from engine.spark.functions.given import GivenFrame, grouped, some_groups, turned, whole
from engine.spark.functions.order import same_rows

NAN = float("nan")
# Values of a key, with the numbers of their groups in the order of the keys, nulls first.
KEYS: list[tuple[pa.Array, list[int]]] = [
    (pa.array([1.5, None, -0.0, NAN, 0.0, float("-inf"), NAN]), [3, 0, 2, 4, 2, 1, 4]),
    (pa.array([2, None, -1, 2], pa.int32()), [2, 0, 1, 2]),
    (pa.array(["b", None, "", "ü", "a"]), [3, 0, 1, 4, 2]),
    (pa.array([True, None, False]), [2, 0, 1]),
    (pa.array([b"b", b"", None]), [2, 1, 0]),
    (pa.array([Decimal("1.50"), None, Decimal("-2.00")], pa.decimal128(10, 2)), [2, 0, 1]),
    (pa.array([date(2026, 1, 2), None, date(1, 1, 1)]), [2, 0, 1]),
    (pa.array([datetime(2026, 1, 2, tzinfo=UTC), None], pa.timestamp("us", "UTC")), [1, 0]),
    (pa.array([1.5, None, NAN], pa.float32()), [1, 0, 2]),
]


def read(pieces: bytes) -> list[list[list[dict[str, Any]]]]:
    """The rows of each DataFrame of each group."""
    stream, groups = io.BytesIO(pieces), []
    while count := int.from_bytes(stream.read(4), "big"):
        tables = [pa.ipc.open_stream(stream).read_all() for _ in range(count)]
        groups.append([table.to_pylist() for table in tables])
    assert stream.read() == b""
    return groups


@pytest.mark.parametrize(("key", "numbers"), KEYS, ids=lambda one: str(getattr(one, "type", "")))
def test_rows_of_equal_keys_are_a_group(key: pa.Array, numbers: list[int]) -> None:
    table = pa.table({"row": list(range(len(key))), "key": key})
    groups = read(b"".join(grouped([GivenFrame(table, 0, (1,))], in_structs=False)))
    assert [[row["row"] for row in rows] for [rows] in groups] == [
        [row for row, number in enumerate(numbers) if number == group] for group in range(max(numbers) + 1)
    ]


def test_several_keys_and_none() -> None:
    table = pa.table({"row": [0, 1, 2, 3], "a": ["x", "y", "x", "x"], "b": [1, 1, None, 1]})
    groups = read(b"".join(grouped([GivenFrame(table, 1, (1, 2))], in_structs=True)))
    assert [[row["struct"]["row"] for row in rows] for [rows] in groups] == [[2], [0, 3], [1]]
    [[rows]] = read(b"".join(grouped([GivenFrame(table, 0, ())], in_structs=False)))
    assert rows == table.to_pylist()


def test_pairs_have_both_sides_of_each_key() -> None:
    left = GivenFrame(pa.table({"a": [1, 2, 2]}), 0, (0,))
    right = GivenFrame(pa.table({"b": [2, None], "c": ["x", "y"]}), 0, (0,))
    assert read(b"".join(grouped([left, right], in_structs=False))) == [
        [[], [{"b": None, "c": "y"}]],
        [[{"a": 1}], []],
        [[{"a": 2}, {"a": 2}], [{"b": 2, "c": "x"}]],
    ]


def test_large_groups_come_in_batches_of_which_none_waits_for_all() -> None:
    table = pa.table({"n": range(100_000)})
    pieces = list(whole(GivenFrame(table, 0, ())))
    assert len(pieces) > 2
    reader = pa.ipc.open_stream(b"".join(pieces))
    assert [batch.num_rows for batch in reader] == [10_000] * 10


def test_few_rows_are_tried_in_whole_groups_of_several_rows_and_of_the_largest() -> None:
    table = pa.table({"k": [1] * 5 + [2] * 600 + [3] * 5_000 + [4], "n": range(5_606)})
    [[some], [large]] = some_groups([GivenFrame(table, 0, (0,))])
    assert some.table.column("k").value_counts().to_pylist() == [
        {"values": 1, "counts": 5},
        {"values": 2, "counts": 600},
    ]
    [other] = turned([some])
    assert other.table.column("n").to_pylist() == some.table.column("n").to_pylist()[::-1]
    rows = large.table.column("n").to_pylist()
    assert (len(rows), rows[0], rows[-1], rows == sorted(set(rows))) == (1_000, 605, 5_604, True)
    assert some_groups([GivenFrame(pa.table({"k": [1, 2, None]}), 0, (0,))]) == []
    [[only]] = some_groups([GivenFrame(table.slice(0, 5), 0, (0,))])
    assert only.table.num_rows == 5


SAME: list[tuple[list[Any], list[Any], bool]] = [
    ([1, 2, None], [None, 2, 1], True),
    ([1, 2], [1, 1], False),
    ([1, 2], [1, 2, 3], False),
    ([0.1 + 0.2, NAN, -0.0], [0.0, 0.3, NAN], True),
    ([1.0, 1e-17], [-3e-17, 1.0], True),
    ([1.0, 2.0], [1.0, 2.000001], False),
    ([[0.1 + 0.2, 1.0], None], [None, [0.3, 1.0]], True),
    ([[1.0], [2.0]], [[1.0, 2.0], []], False),
    (["a", "b"], ["b", "a"], True),
    (["a", "b"], ["b", "b"], False),
]


@pytest.mark.parametrize(("one", "other", "same"), SAME)
def test_the_same_rows_in_whatever_order(one: list[Any], other: list[Any], same: bool) -> None:
    assert same_rows([pa.chunked_array([one])], [pa.chunked_array([other])]) is same


def test_rows_are_compared_and_not_columns() -> None:
    one = [pa.chunked_array([["a", "b"]]), pa.chunked_array([[1.0, 2.0]])]
    other = [pa.chunked_array([["a", "b"]]), pa.chunked_array([[2.0, 1.0]])]
    assert not same_rows(one, other)
    assert same_rows(one, [column.take(pa.array([1, 0])) for column in one])
