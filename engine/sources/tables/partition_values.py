"""Values of partition columns, as a Delta table's log writes them. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
from pyarrow import types

from engine.sources.partitions import NO_VALUE, find_type, folder_name

_WHOLE: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_WITH_ZONE: Final = re.compile(r".+(?:Z|[+-][0-9]{2}:?[0-9]{2})", re.ASCII)
_LONGEST: Final = 200  # bytes; a file system takes no names of more than 255
_IN_FOLDERS: Final = (pa.int32(), pa.int64(), pa.date32())


class OddValue(ValueError):
    """A value that its column's type has not, or that means more than one thing."""


def stands_in_folders(kind: pa.DataType, name: str, values: Iterable[str | None]) -> bool:
    """Whether all backends read a column from the names of folders just as the table means it."""
    texts = set(values)
    if any(len(folder_name(name, text).encode()) > _LONGEST or text == NO_VALUE for text in texts):
        return False
    if types.is_string(kind):
        return True
    # Written as such values are written: another text might be read otherwise by one backend.
    return kind in _IN_FOLDERS and find_type(texts) in (kind, *([pa.int32()] if kind == pa.int64() else []))


def read_value(text: str | None, kind: pa.DataType) -> pa.Scalar:
    """A value as its column's type.

    Raises:
        OddValue: it is none of the type's, or nobody can say which one.
    """
    try:
        return pa.scalar(None if text is None else _value(text, kind), kind)
    except (ValueError, ArithmeticError, pa.ArrowException):
        raise OddValue(f"{text!r} is not a value of the type {kind}, or has an unknown time zone") from None


def _value(text: str, kind: Any) -> Any:
    if types.is_string(kind):
        return text
    if types.is_integer(kind):
        if not _WHOLE.fullmatch(text):
            raise ValueError
        return int(text)
    if types.is_boolean(kind):
        return {"true": True, "false": False}[text.lower()] if text.lower() in ("true", "false") else _odd()
    if types.is_floating(kind):
        return float(text)
    if types.is_decimal(kind):
        return Decimal(text)
    if types.is_date(kind):
        return dt.date.fromisoformat(text)
    if types.is_timestamp(kind):
        if kind.tz is not None and not _WITH_ZONE.fullmatch(text):
            return _odd()
        instant = dt.datetime.fromisoformat(text)
        if (kind.tz is None) != (instant.tzinfo is None):
            return _odd()
        return instant
    return _odd()


def _odd() -> Any:
    raise ValueError
