"""Which frame of a family a row is in, by columns of its keys, however they come."""

from collections.abc import Hashable
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from engine.frames import Family, frames_of
from tests.frames.data import FIRST, OTHER_NAN

NAN = float("nan")


@pytest.mark.parametrize(
    ("column", "keys", "expected"),
    [
        (pa.array([1, None, 3], pa.int8()), [(3,), (None,)], [-1, 1, 0]),
        (pa.array([1.0, NAN, OTHER_NAN, -0.0, None]), [(0.0,), ("NaN",), (1,)], [2, 1, 1, 0, -1]),
        (pa.array([0.1, 2.5], pa.float32()), [(2.5,)], [-1, 0]),
        (pa.array([True, False, None]), [(True,)], [0, -1, -1]),
        (pa.array(["a", None, "NaN"], pa.string_view()), [(b"NaN",), (None,)], [-1, 1, 0]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), [(b"a",)], [0, -1, 0]),
        (pa.array(["a", None]).dictionary_encode(), [(None,), (b"a",)], [1, 0]),
        (
            pa.array([-0.0, 0.0, None, NAN, 2.5]).dictionary_encode("encode"),
            [(0.0,), (None,), ("NaN",)],
            [0, 0, 1, 2, -1],
        ),
        (pa.chunked_array([["a"], ["b"]], pa.large_string()), [(b"b",), (b"a",)], [1, 0]),
        (pa.chunked_array([], pa.int64()), [(1,)], []),
        (pa.array([Decimal("1.50")], pa.decimal128(9, 2)), [(Decimal("1.5"),)], [0]),
        (pa.array([FIRST], pa.timestamp("ns", "Asia/Tokyo")), [(FIRST.timestamp() * 1e6 // 1,)], [0]),
        (pa.array([date(1970, 1, 2)]), [(1,)], [0]),
        (pa.array([1, 2]), [], [-1, -1]),
    ],
    ids=str,
)
def test_the_frame_of_a_row(column, keys, expected):
    family = Family((0,), None, {key: frame for frame, key in enumerate(keys)})
    found = frames_of(family, [column])
    assert found.tolist() == expected
    assert found.dtype == np.int64


@pytest.mark.parametrize("size", [3, 2_000])
def test_the_frame_of_a_row_by_many_keys(size):
    generator = np.random.default_rng(5)
    frames: dict[tuple[Hashable, ...], int] = {(a, b): a * 7 + b for a in range(size) for b in (a, size - a)}
    columns = [pa.array(generator.integers(-1, size + 1, 5_000)) for _ in range(2)]
    expected = [frames.get(pair, -1) for pair in zip(*(c.to_pylist() for c in columns), strict=True)]
    assert frames_of(Family((0, 1), None, frames), columns).tolist() == expected
    assert -1 in expected
