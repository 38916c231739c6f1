"""Rows at random, and the types in which files have them."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa

Row: TypeAlias = dict[str, Any]

NAMES: Final = ("n", "x", "d", "t", "s", "b", "m", "g", "l", "o", "k")
GROUPS: Final = ("a", "b", "007", None)
_NUMBERS: Final = (0, 1, -1, 7, 100, -128, 127)
_FLOATS: Final = (0.0, -0.0, 0.5, -2.25, 1024.0, math.nan, math.inf, -math.inf)
_OLD: Final = ("0001-01-01", "1500-02-28", "1582-10-04", "1582-10-10", "1582-10-15")
_DAYS: Final = tuple(map(dt.date.fromisoformat, (*_OLD, "1969-12-31", "2024-02-29", "9999-12-31")))
_TIMES: Final = tuple(
    dt.datetime.combine(day, dt.time(hour, 59, 59, 999000)) for day in _DAYS for hour in (0, 23)
)
_NEAR: Final = tuple(time for time in _TIMES if 1700 < time.year < 2200)  # what nanoseconds can say
_MONEY: Final = (Decimal("0.00"), Decimal("-1.25"), Decimal("99.99"), Decimal("-999.99"))
_TEXTS: Final = ("", "a", "b", "é", "a'b", "ab" * 40)
_LISTS: Final[tuple[list[int | None], ...]] = ([], [1], [None], [1, None, 3], list(range(40)))
_STRUCTS: Final = ({"a": 1, "b": "x"}, {"a": None, "b": None}, {"a": -7, "b": ""})
_MAPS: Final[tuple[list[tuple[str, int | None]], ...]] = ([], [("a", 1)], [("a", None), ("b", 2)])


def _struct(number: pa.DataType, text: pa.DataType) -> pa.DataType:
    return pa.struct([("a", number), ("b", text)])


# Each column, and the types in which one file or another has it; all of them unite.
_TYPES: Final[dict[str, tuple[pa.DataType, ...]]] = {
    "n": (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32()),
    "x": (pa.float16(), pa.float32(), pa.float64()),
    "d": (pa.date32(), pa.date64()),
    "s": (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())),
    "b": (pa.bool_(),),
    "m": (pa.decimal128(5, 2), pa.decimal128(10, 2), pa.decimal128(12, 3), pa.decimal256(30, 2)),
    "g": (pa.string(), pa.dictionary(pa.int8(), pa.string())),
    "l": (pa.list_(pa.int8()), pa.list_(pa.int64()), pa.large_list(pa.int32())),
    "o": (_struct(pa.int8(), pa.string()), _struct(pa.int64(), pa.large_string())),
    "k": (pa.map_(pa.string(), pa.int32()), pa.map_(pa.string(), pa.int64())),
}
_WALL_TIMES: Final = tuple(pa.timestamp(unit) for unit in ("us", "ms", "ns"))
_INSTANTS: Final = tuple(
    pa.timestamp(unit, zone) for unit in ("us", "ms", "ns") for zone in ("UTC", "Europe/Berlin")
)
# Columns that no backend reads, beside the others.
ODD: Final = (
    pa.duration("ns"), pa.list_(pa.duration("s")), pa.decimal256(60, 2), pa.struct({"d": pa.duration("us")}),
)  # fmt: skip


class Rows:
    """Draws rows and arrays of them for the files of one folder.

    Attributes:
        instants: whether the times are instants, and not wall times.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._old_times = chance.random() < 0.5
        self.instants = chance.random() < 0.5
        self._pools: dict[str, Sequence[Any]] = {
            "n": _NUMBERS, "x": _FLOATS, "d": _DAYS, "t": _TIMES if self._old_times else _NEAR, "s": _TEXTS,
            "b": (True, False), "m": _MONEY, "g": GROUPS, "l": _LISTS, "o": _STRUCTS, "k": _MAPS,
        }  # fmt: skip

    def draw(self, count: int) -> list[Row]:
        """That many rows. Some files have but few values of a column, so that statistics tell of them."""
        drawn = [
            (name, [pool[0]] if self._chance.random() < 0.1 else pool) for name, pool in self._pools.items()
        ]
        return [
            {
                name: self._chance.choice(pool) if self._chance.random() > 0.15 else None
                for name, pool in drawn
            }
            for _ in range(count)
        ]

    def array(self, name: str, rows: Iterable[Row], may_lack_type: bool) -> pa.Array:
        """The values of a column, as one of its types."""
        values = [row[name] for row in rows]
        if may_lack_type and self._chance.random() < 0.5:
            return pa.nulls(len(values))
        return make_array(values, self._chance.choice(self._fitting(name, values)))

    def _fitting(self, name: str, values: list[Any]) -> list[pa.DataType]:
        kinds: Sequence[pa.DataType] = _TYPES.get(name, _INSTANTS if self.instants else _WALL_TIMES)
        if name == "n" and any(value is not None and value < 0 for value in values):
            kinds = [kind for kind in kinds if not pa.types.is_unsigned_integer(kind)]
        if name == "t" and self._old_times:
            kinds = [kind for kind in kinds if kind.unit != "ns"]
        return list(kinds)


def make_array(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Values as an array of a type; times are of UTC."""
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode().cast(kind)
    if pa.types.is_float16(kind):
        return pa.array([None if value is None else np.float16(value) for value in values], kind)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return pa.array(values, pa.timestamp("us")).cast(pa.timestamp(kind.unit)).cast(pa.int64()).cast(kind)
    return pa.array(values, kind)
