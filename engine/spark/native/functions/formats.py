"""Formats of days and instants that mean the same to Java and to DuckDB. Pure.

Only those of fixed width in which every part is there with all its digits; years have four of them, as days
are known from 1900 to 9999.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.spark.native.unproven import Unproven

_PARTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "yyyy": "%Y",
        "MM": "%m",
        "dd": "%d",
        "HH": "%H",
        "mm": "%M",
        "ss": "%S",
        "SSSSSS": "%f",
        "y": "%Y",
        "MMM": "%b",
        "E": "%a",
        "EEE": "%a",
    }
)
_PIECE: Final = re.compile(r"([A-Za-z])\1*|'T'|[-/:. _,]")
DEFAULT: Final = "yyyy-MM-dd HH:mm:ss"


def format_of(pattern: str) -> str:
    """DuckDB's format of a pattern.

    Raises:
        Unproven: it is not surely the same to both.
    """
    found, place = list[str](), 0
    while place < len(pattern):
        piece = _PIECE.match(pattern, place)
        if piece is None:
            raise Unproven(f"the format {pattern!r}")
        text = piece[0]
        if piece[1] and text not in _PARTS:
            raise Unproven(f"the format {pattern!r}")
        found.append(_PARTS.get(text, text.strip("'")))
        place = piece.end()
    if not found:
        raise Unproven("an empty format")
    return "".join(found)
