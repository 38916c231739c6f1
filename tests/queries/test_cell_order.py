"""Sums over cells are the same, whatever order a data engine gives the cells in."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from engine.queries.first_queries import StateTable


def shuffled(table: StateTable, draw: np.random.Generator) -> StateTable:
    order = pa.array(draw.permutation(len(table.states[0])))
    return StateTable(
        tuple(one.take(order) for one in table.keys), tuple(one.take(order) for one in table.states)
    )


def test_an_order_depends_on_the_states_alone() -> None:
    draw = np.random.default_rng(5)
    sums = np.array([1e16, 1.0, -1e16, 3.0, 0.1, 0.2, 0.3, np.nan, -0.0, 4.0])
    table = StateTable(
        (pa.array(list("abcdefghij")),),
        (pa.array(sums), pa.array(range(10)), pa.array([None, 2.5] * 5, pa.float32())),
    )
    first = table.ordered()
    assert sorted(first.keys[0].to_pylist()) == list("abcdefghij")
    for key, total in zip(first.keys[0].to_pylist(), first.states[0].to_pylist(), strict=True):
        assert np.array_equal(total, sums[ord(key) - ord("a")], equal_nan=True), (
            "keys stay beside their states"
        )
    for _ in range(20):
        again = shuffled(table, draw).ordered()
        assert [one.to_pylist() for one in again.states[1:]] == [one.to_pylist() for one in first.states[1:]]
        assert again.keys[0].equals(first.keys[0])


def test_without_floating_numbers_the_order_does_not_matter() -> None:
    table = StateTable((pa.array([2, 1]),), (pa.array([7, 3]), pa.array(["x", "a"])))
    assert table.ordered() is table
