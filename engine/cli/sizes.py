"""Sizes as the command line writes and shows them."""

from __future__ import annotations

import re
from typing import Final

from engine.errors import UsageError

_UNITS: Final = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?i?B?)")


def parse_size(text: str) -> int:
    """Bytes from a text such as "2GiB", "512MiB" or "1000000".

    Raises:
        UsageError: it is no such text.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None or match[2] not in _UNITS:
        raise UsageError(f"invalid size {text!r}; write it as 2GiB, 512MiB or a number of bytes")
    return int(float(match[1]) * _UNITS[match[2]])


def show_size(size: int) -> str:
    """The shortest text of a size that is exact: "2GiB"."""
    unit = next(unit for unit in reversed(_UNITS) if size % _UNITS[unit] == 0)
    return f"{size // _UNITS[unit]}{unit}"
