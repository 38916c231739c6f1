"""In which order Spark gives the groups of an aggregate of rows that are in one partition. Pure.

It hashes the keys (Murmur3 of 32 bits), puts each group into the partition of its hash, and within a
partition keeps the groups as they first came. With the rows in one partition nothing of that is left to
chance; what is aggregated is kept in a hash table only where all of it has a fixed width.

There are two tables one behind the other: a quick one, in which a group may stand in two places only, and
which takes none with a null in its keys; and one for the rest.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
import struct
from collections.abc import Sequence
from typing import Final

from engine.spark.native.types import (
    BOOLEAN,
    BYTE,
    DATE,
    DOUBLE,
    INSTANTS,
    INTEGER,
    LONG,
    SHORT,
    STRING,
    Decimal,
    SparkType,
)
from engine.spark.native.unproven import Unproven

MOST_GROUPS: Final = 1_000
_SEED: Final = 42
_GOLDEN: Final = 0x9E3779B9 - (1 << 32)
_PLACES: Final = (1 << 17) - 1
_NAN: Final = struct.unpack("<d", struct.pack("<q", 0x7FF8000000000000))[0]
_MASK: Final = 0xFFFFFFFF
_EPOCH: Final = dt.datetime(1970, 1, 1)


def is_hashed(kind: SparkType) -> bool:
    """Whether it is known how a type is hashed."""
    if isinstance(kind, Decimal):
        return kind.precision <= 18
    return kind in (BOOLEAN, BYTE, SHORT, INTEGER, LONG, DOUBLE, STRING, DATE, *INSTANTS)


def partition_of(row: Sequence[object], kinds: Sequence[SparkType], partitions: int) -> int:
    """The partition of a group."""
    hashed = _SEED
    for value, kind in zip(row, kinds, strict=True):
        hashed = hashed if value is None else _hashed(value, kind, hashed)
    signed = hashed - (1 << 32) if hashed >> 31 else hashed
    return signed % partitions


def in_order(
    keys: Sequence[Sequence[object]],
    kinds: Sequence[SparkType],
    first: Sequence[int],
    partitions: int,
    narrow: bool,
) -> list[int]:
    """The places of groups as Spark gives them.

    Args:
        keys: the keys of each group.
        kinds: the types of the keys.
        first: where each group first came.
        partitions: of a shuffle.
        narrow: whether the quick table is used.

    Raises:
        Unproven: they are many, or do not all find a place in the quick table.
    """
    if len(keys) > MOST_GROUPS:
        raise Unproven("the order of many groups that nothing sorts")
    late = [narrow and None in row for row in keys]
    came = sorted(range(len(keys)), key=lambda place: first[place])
    if narrow and not _all_fit([_quick(keys[place], kinds) for place in came if not late[place]]):
        raise Unproven("the order of groups that collide in a hash table")
    parts = [partition_of(row, kinds, partitions) for row in keys]
    return sorted(came, key=lambda place: (parts[place], late[place]))


def _all_fit(hashes: Sequence[int]) -> bool:
    taken = set[int]()
    for one in hashes:
        free = next((place & _PLACES for place in (one, one + 1) if place & _PLACES not in taken), None)
        if free is None:
            return False
        taken.add(free)
    return True


def _quick(row: Sequence[object], kinds: Sequence[SparkType]) -> int:
    """The low bits of a group's hash for the quick table: sums and shifts to the left, in 64 bits."""
    hashed = 0
    for value, kind in zip(row, kinds, strict=True):
        part = _quick_text(value.encode()) if isinstance(value, str) else _bits(value, kind)
        hashed = _shuffled(hashed, part, 64)
    return hashed


def _quick_text(data: bytes) -> int:
    hashed = 0
    for byte in data:
        hashed = _shuffled(hashed, byte - 256 if byte > 127 else byte, 32)
    return hashed - (1 << 32) if hashed >> 31 else hashed


def _shuffled(hashed: int, part: int, bits: int) -> int:
    whole = (1 << bits) - 1
    return ((hashed ^ (_GOLDEN & whole)) + part + (hashed << 6) + (hashed >> 2)) & whole


def _bits(value: object, kind: SparkType) -> int:
    """A value as a whole number."""
    match value:
        case bool() | int():
            return int(value)
        case float():
            bits = _NAN if math.isnan(value) else value
            return int(struct.unpack("<q", struct.pack("<d", bits))[0])
        case decimal.Decimal() if isinstance(kind, Decimal):
            return int(value.scaleb(kind.scale))
        case dt.datetime():
            return (value.replace(tzinfo=None) - _EPOCH) // dt.timedelta(microseconds=1)
        case dt.date():
            return (value - _EPOCH.date()).days
    raise TypeError(f"not the value of a key: {type(value).__name__}")


def _hashed(value: object, kind: SparkType, seed: int) -> int:
    if isinstance(value, str):
        return _of_bytes(value.encode(), seed)
    bits = _bits(value, kind)
    return _of_int(bits, seed) if kind in (BOOLEAN, BYTE, SHORT, INTEGER, DATE) else _of_long(bits, seed)


def _rotated(value: int, by: int) -> int:
    return ((value << by) | (value >> (32 - by))) & _MASK


def _mixed(one: int, hashed: int) -> int:
    one = _rotated(one * 0xCC9E2D51 & _MASK, 15) * 0x1B873593 & _MASK
    return (_rotated(hashed ^ one, 13) * 5 + 0xE6546B64) & _MASK


def _ended(hashed: int, length: int) -> int:
    hashed ^= length
    hashed = (hashed ^ (hashed >> 16)) * 0x85EBCA6B & _MASK
    hashed = (hashed ^ (hashed >> 13)) * 0xC2B2AE35 & _MASK
    return hashed ^ (hashed >> 16)


def _of_int(value: int, seed: int) -> int:
    return _ended(_mixed(value & _MASK, seed), 4)


def _of_long(value: int, seed: int) -> int:
    return _ended(_mixed((value >> 32) & _MASK, _mixed(value & _MASK, seed)), 8)


def _of_bytes(data: bytes, seed: int) -> int:
    """Four bytes at once, then each of the rest, with its sign, by itself."""
    hashed, whole = seed, len(data) - len(data) % 4
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        hashed = _mixed(word, hashed)
    for (byte,) in struct.iter_unpack("<b", data[whole:]):
        hashed = _mixed(byte & _MASK, hashed)
    return _ended(hashed, len(data))
