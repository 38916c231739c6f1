"""Columns that stand in the names of folders, such as `country=NO/day=2026-01-31/`. Pure.

A column is of whole numbers or dates only if every value is written as such a value is written; else it is
text, so that `007` stays what it is. No backend guesses.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

import pyarrow as pa

NO_VALUE: Final = "__HIVE_DEFAULT_PARTITION__"
_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INT: Final = range(-(2**31), 2**31)
_LONG: Final = range(-(2**63), 2**63)
# What a name of a folder holds as it is; Spark and DuckDB both decode the rest.
_UNCHANGED: Final = re.compile(r"[^A-Za-z0-9_.\-\u0080-\U0010ffff]")


def read_folders(folders: Iterable[str]) -> tuple[tuple[str, str | None], ...]:
    """Names and values of the partition columns in the names of folders, outermost first.

    A value is None for no value; "" is an error of the caller's to tell.
    """
    found = []
    for folder in folders:
        name, equals, value = folder.partition("=")
        if equals and name:
            found.append((_decode(name), None if value == NO_VALUE else _decode(value)))
    return tuple(found)


def find_type(values: Iterable[str | None]) -> pa.DataType:
    """The type of a partition column with these values."""
    known = {value for value in values if value is not None}
    if not known:
        return pa.string()
    if all(_WHOLE.fullmatch(value) for value in known):
        numbers = [int(value) for value in known]
        for kind, span in ((pa.int32(), _INT), (pa.int64(), _LONG)):
            if all(number in span for number in numbers):
                return kind
    return pa.date32() if all(map(_is_date, known)) else pa.string()


def folder_name(name: str, value: str | None) -> str:
    """The name of a folder that every backend reads as this column and value."""
    return f"{encode(name)}={NO_VALUE if value is None else encode(value)}"


def encode(text: str) -> str:
    """Text as a part of the name of a folder."""
    return _UNCHANGED.sub(lambda match: f"%{ord(match[0]):02X}", text)


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _decode(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text
