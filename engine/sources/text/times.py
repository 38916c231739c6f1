"""Instants written as text, as Spark reads them, in microseconds since 1970. Pure.

Zone UTC where none is written. Unlike Spark's, a time without a date is no instant (it would be one of
today), a year alone is none (it is a number), and years are from 1 to 9999, which is what Python has.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LONGEST_OFFSET: Final = timedelta(hours=18)
_SPACES: Final = "".join(map(chr, range(33)))
_INSTANT: Final = re.compile(
    r"\+?(\d{4})-(\d{1,2})"
    r"(?:-(\d{1,2})(?:[ T](\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?(.*))?)?)?)?",
    re.ASCII,
)
_OFFSET: Final = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{1,2})(?::?(\d{2}))?)?", re.ASCII)


def instant(text: str) -> int | None:
    """The microseconds of an instant; None if the text is none."""
    match = _INSTANT.fullmatch(text.strip(_SPACES))
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        local = datetime(
            int(year), int(month), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
        )  # fmt: skip
    except ValueError:
        return None
    offset = _zone((zone or "").strip(_SPACES))
    if offset is None:
        return None
    try:
        return (local.replace(tzinfo=offset) - _EPOCH) // _MICROSECOND
    except OverflowError:
        return None


def _zone(text: str) -> tzinfo | None:
    if text in ("", "Z", "UTC", "GMT", "UT"):
        return UTC
    match = _OFFSET.fullmatch(text)
    if match is None:
        return _region(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if offset > _LONGEST_OFFSET or minutes > 59 or seconds > 59:
        return None
    return timezone(-offset if match[1] == "-" else offset)


def _region(text: str) -> tzinfo | None:
    if not text[:1].isalpha() or not text.isascii() or text == text.lower():
        return None
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        return None
