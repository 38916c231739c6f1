"""Hostile values of each type that native answers know, and groups of them for aggregates."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa

from engine.spark.native.functions.nested import Map, inside
from engine.spark.native.types import (
    BINARY,
    BOOLEAN,
    BYTE,
    DATE,
    DOUBLE,
    FLOAT,
    INTEGER,
    LONG,
    SHORT,
    STRING,
    TIMESTAMP,
    TIMESTAMP_NTZ,
    Decimal,
    Nested,
    SparkType,
    arrow_type,
)

_DIGITS: Final = decimal.Context(prec=60)


def _whole(bits: int) -> list[int | None]:
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    small = [None, 0, 1, -1, 2, -2, 3, -3, 7, -7, 10, 100, -100]
    return [*small, least, least + 1, most, most - 1, most // 2 + 1]


_DOUBLES: Final = [
    None, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.1, 0.3, 3.7, -3.7, 1e-300, 5e-324, -5e-324,
    1e300, 1.7976931348623157e308, -1.7976931348623157e308, math.inf, -math.inf, math.nan, 2147483647.0,
    2147483648.0, -2147483649.0, 9007199254740993.0, 9.223372036854775e18, 9.223372036854776e18,
    -9.223372036854776e18, 127.9, -128.9, 128.0, 32767.5, 1e16, 123456.789,
]  # fmt: skip
_TEXTS: Final = [
    None, "", " ", "a", "A", "abc", "ABC", "  padded  ", "\ttab\t", "a b", "é", "e\u0301", "ß", "İ", "ǆ",
    "\u65e5\u672c", "\U0001f600x", "%", "_", "a%", "\\", "'", "\n", "z" * 300, "0", "1", "-1", "1.5", "NaN",
    "true", "2020-01-01", "aa", "2020-02-30", "2020-1-1", "2020-13-01", "1500-01-01", "2024-02-29 23:59:59",
    "2020-01-01T12:30:15.123", "2020-01-01 24:00:00", "2020-01-01 12:00:60", " 2020-01-01", "0000-01-01",
]  # fmt: skip
_DAYS: Final = [
    None, "1900-01-01", "1969-12-31", "1970-01-01", "1999-12-31", "2000-01-01", "2000-02-29", "2001-02-28",
    "2016-12-31", "2017-01-01", "2018-12-31", "2020-01-05", "2020-01-06", "2020-02-29", "2020-12-31",
    "2021-01-03", "2023-03-26", "2024-03-31", "2100-02-28", "9999-12-30",
]  # fmt: skip
_TIMES: Final = [
    None, "1900-01-01 00:00:00", "1969-12-31 23:59:59.999999", "1970-01-01 00:00:00", "1969-12-31 23:59:59.5",
    "2000-02-29 12:34:56.789012", "2016-12-31 23:59:59", "2017-01-01 00:00:00", "2020-01-05 23:59:59.999999",
    "2023-03-26 01:30:00", "2023-03-26 02:30:00", "2023-10-29 01:30:00", "2024-12-30 00:00:00",
    "9999-12-30 23:59:59.999999",
]  # fmt: skip

HOSTILE: Final[dict[SparkType, list[Any]]] = {
    BOOLEAN: [None, True, False],
    BYTE: _whole(8),
    SHORT: _whole(16),
    INTEGER: _whole(32),
    LONG: [*_whole(64), 2**53, 2**53 + 1, -(2**53) - 1],
    FLOAT: [
        None if x is None else float(np.float32(x)) for x in _DOUBLES if x is None or abs(x) < 3e38 or x != x
    ],
    DOUBLE: _DOUBLES,
    STRING: _TEXTS,
    BINARY: [None, b"", b"a", b"\xff\x00"],
    DATE: [None if day is None else dt.date.fromisoformat(day) for day in _DAYS],
    TIMESTAMP: [None if at is None else dt.datetime.fromisoformat(at + "+00:00") for at in _TIMES],
    TIMESTAMP_NTZ: [None if at is None else dt.datetime.fromisoformat(at) for at in _TIMES],
}


def _of_nested(kind: SparkType) -> list[Any]:
    """Empty ones, one of each hostile value, several with nulls among them, the same twice."""
    held = inside(kind)
    if isinstance(held, Map):
        keys = [key for key in values_of(held.key) if key is not None][:12]
        values = values_of(held.value)
        pairs = [(key, values[place % len(values)]) for place, key in enumerate(keys)]
        return [None, [], *([pair] for pair in pairs[:5]), pairs[3:7], pairs]
    assert held is not None
    values = values_of(held.element)
    few = values[:6]
    made = [[one] for one in values[:8]]
    return [
        None,
        [],
        *made,
        few,
        few[::-1],
        [*few, *few[1:4]],
        few[1:],
        few[2:5] * 2,
        [None, None],
        values[6:12],
    ]


def values_of(kind: SparkType) -> list[Any]:
    """The hostile values of a type."""
    if isinstance(kind, Nested):
        return _of_nested(kind)
    if not isinstance(kind, Decimal):
        return HOSTILE[kind]
    most = 10**kind.precision - 1
    wholes = [0, 1, -1, 5, -5, 10, 49, 50, -50, 99, 123, most, -most, most // 2, most - 1, 10**kind.scale]
    return [None, *(decimal.Decimal(one).scaleb(-kind.scale, _DIGITS) for one in wholes if abs(one) <= most)]


def arrow_array(kind: SparkType, values: list[Any]) -> pa.Array:
    """Values as a column of a file."""
    wanted = arrow_type(kind)
    assert wanted is not None
    return pa.array(values, wanted)


def row_wise(takes: tuple[SparkType, ...]) -> pa.Table:
    """Every combination of hostile values; of many or different arguments every third value of each."""
    step = 3 if len(takes) > 2 or len(set(takes)) > 1 else 1
    rows: list[tuple[Any, ...]] = [()]
    for kind in takes:
        # Of nested values there are few, and each is another one.
        values = values_of(kind) if isinstance(kind, Nested) else values_of(kind)[:: step + len(takes) // 4]
        rows = [(*row, value) for row in rows for value in values]
    columns = {
        f"a{place}": arrow_array(kind, [row[place] for row in rows]) for place, kind in enumerate(takes)
    }
    return pa.table({"id": pa.array(range(len(rows)), pa.int64()), **columns})


def grouped(takes: tuple[SparkType, ...]) -> pa.Table:
    """Groups of rows: single values, pairs, constants, all, ordinary ones; `id` is the group's number."""
    width = max(len(values_of(kind)) for kind in takes)
    whole = [
        tuple(values_of(kind)[(place * 7 + shift) % len(values_of(kind))] for shift, kind in enumerate(takes))
        for place in range(width)
    ]
    plain = [row for row in whole if all(_is_ordinary(value) for value in row)]
    groups: list[list[tuple[Any, ...]]] = [[row] for row in whole]
    groups += [[one, other] for one, other in pairwise(whole)]
    groups += [[one] * 4 for one in whole]
    groups += [whole, plain, plain[:2], plain[:3], plain[:4], plain[::-1], plain * 3]
    rows = [(number, *row) for number, group in enumerate(groups) for row in group]
    columns = {
        f"a{place}": arrow_array(kind, [row[place + 1] for row in rows]) for place, kind in enumerate(takes)
    }
    return pa.table({"id": pa.array([row[0] for row in rows], pa.int64()), **columns})


def _is_ordinary(value: Any) -> bool:
    """Whether a value may stand in sums without the result being infinite or all of it noise."""
    if isinstance(value, float):
        return math.isfinite(value) and (value == 0 or 1e-3 < abs(value) < 1e7)
    return not isinstance(value, int) or isinstance(value, bool) or abs(value) < 10_000_000
