"""Rows of a file that a deletion vector names. Pure: it is given the bytes.

A vector is a roaring bitmap of 64 bits in the portable form. It is taken apart here, with bounds, as it is
written by others; what it holds has to be as many rows as the table says.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

_MAGIC: Final = 1681511377
_NO_RUNS, _RUNS = 12346, 12347
_BITS: Final = 8192  # bytes of a container that is a bitmap
_MOST_IN_ARRAY: Final = 4096
_NO_OFFSETS_BELOW: Final = 4  # containers, where some are runs
_MOST_KEYS: Final = 1 << 16
_VERSION: Final = 1


class DamagedVector(ValueError):
    """It is no such bitmap, or another one than the table says."""


def vector_of_file(data: bytes, offset: int, size: int) -> bytes:
    """The bytes of a vector in a file of vectors.

    Raises:
        DamagedVector: there is no whole one.
    """
    # One byte for the form of the file, then for each vector its length, itself, and a check sum.
    if not data or data[0] != _VERSION or offset < 1 or offset + size + 8 > len(data):
        raise DamagedVector("the file ends before it")
    (length,) = struct.unpack_from(">I", data, offset)
    vector = data[offset + 4 : offset + 4 + size]
    (check,) = struct.unpack_from(">I", data, offset + 4 + size)
    if length != size or zlib.crc32(vector) != check:
        raise DamagedVector("its check sum or its length differs")
    return vector


def deleted_rows(vector: bytes, count: int) -> NDArray[np.int64]:
    """The places of the rows that a vector names, in order.

    Args:
        vector: its bytes.
        count: how many rows the table says that it names; no more than its file has.

    Raises:
        DamagedVector: it cannot be read, or names more or fewer rows.
    """
    try:
        rows = _parse(vector, count)
    except (struct.error, ValueError) as error:
        raise DamagedVector(str(error)) from None
    if len(rows) != count or (len(rows) and not bool(np.all(rows[1:] > rows[:-1]))):
        raise DamagedVector(f"it names {len(rows):,} rows, but the table says {count:,}")
    return rows


def _parse(vector: bytes, most: int) -> NDArray[np.int64]:
    magic, bitmaps = struct.unpack_from("<IQ", vector, 0)
    if magic != _MAGIC:
        raise DamagedVector("it is in an unknown form")
    at, found = 12, list[NDArray[np.int64]]()
    if bitmaps > len(vector):
        raise DamagedVector("it holds too many parts")
    for _ in range(bitmaps):
        (high,) = struct.unpack_from("<I", vector, at)
        if high >= 1 << 31:
            raise DamagedVector("a row out of range")
        at = _parse_32(vector, at + 4, high << 32, most, found)
        if sum(map(len, found)) > most:
            raise DamagedVector("it names more rows than the table says")
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _parse_32(vector: bytes, at: int, base: int, most: int, found: list[NDArray[np.int64]]) -> int:
    (cookie,) = struct.unpack_from("<I", vector, at)
    runs: bytes = b""
    if cookie & 0xFFFF == _RUNS:
        containers, at = (cookie >> 16) + 1, at + 4
        runs = vector[at : at + (containers + 7) // 8]
        at += (containers + 7) // 8
    elif cookie == _NO_RUNS:
        (containers,) = struct.unpack_from("<I", vector, at + 4)
        at += 8
    else:
        raise DamagedVector("a bitmap in an unknown form")
    if containers > _MOST_KEYS or 4 * containers > len(vector):
        raise DamagedVector("a bitmap of too many parts")
    heads = struct.unpack_from(f"<{2 * containers}H", vector, at)
    at += 4 * containers
    if not runs or containers >= _NO_OFFSETS_BELOW:
        at += 4 * containers  # where containers begin: one after the other
    if sum(heads[1::2]) + containers > most:
        raise DamagedVector("it names more rows than the table says")
    for place in range(containers):
        low, items = base + (heads[2 * place] << 16), heads[2 * place + 1] + 1
        if runs and runs[place // 8] >> (place % 8) & 1:
            values, at = _runs(vector, at, items)
        elif items <= _MOST_IN_ARRAY:
            values = np.frombuffer(vector, "<u2", items, at).astype(np.int64)
            at += 2 * items
        else:
            bits = np.unpackbits(np.frombuffer(vector, np.uint8, _BITS, at), bitorder="little")
            values = np.flatnonzero(bits).astype(np.int64)
            at += _BITS
        found.append(values + low)
    return at


def _runs(vector: bytes, at: int, items: int) -> tuple[NDArray[np.int64], int]:
    (count,) = struct.unpack_from("<H", vector, at)
    pairs = np.frombuffer(vector, "<u2", 2 * count, at + 2).astype(np.int64).reshape(-1, 2)
    if int(pairs[:, 1].sum()) + count != items or (pairs.sum(axis=1) > 0xFFFF).any():
        raise DamagedVector("a run out of range")
    lists = [np.arange(start, start + length + 1, dtype=np.int64) for start, length in pairs]
    return (np.concatenate(lists) if lists else np.empty(0, np.int64)), at + 2 + 4 * count
