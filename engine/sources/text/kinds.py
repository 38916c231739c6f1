"""Which type a column of text has, and its values in it: as Spark's inference has it. Pure.

A column has the first type in which each of its values can be read: int, bigint, decimal (whole numbers of
up to 38 digits), double, date, timestamp, Boolean, else text. The order of the values changes nothing, unlike
in Spark, so that blocks and files can be looked at one by one and their types be merged.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.sources.text.times import instant

Column: TypeAlias = pa.Array | pa.ChunkedArray


class TextKind(IntEnum):
    """What the values of a column of text are. Each number is one of the next kind, each date a timestamp."""

    NULL = 0
    INT = 1
    LONG = 2
    DECIMAL = 3
    DOUBLE = 4
    DATE = 5
    TIMESTAMP = 6
    BOOLEAN = 7
    STRING = 8


class TextColumnType(NamedTuple):
    """The type of a column: its kind, and the most digits of a decimal."""

    kind: TextKind
    digits: int = 0


NOTHING: Final = TextColumnType(TextKind.NULL)
TEXT: Final = TextColumnType(TextKind.STRING)
_TYPES: Final = {
    TextKind.NULL: pa.string(),
    TextKind.INT: pa.int32(),
    TextKind.LONG: pa.int64(),
    TextKind.DOUBLE: pa.float64(),
    TextKind.DATE: pa.date32(),
    TextKind.TIMESTAMP: pa.timestamp("us", "UTC"),
    TextKind.BOOLEAN: pa.bool_(),
    TextKind.STRING: pa.string(),
}
_MOST_DIGITS: Final = 38
_LEAST_DIGITS: Final = 20  # of a decimal, so that it holds each bigint too
_DIGIT, _SIGN, _FLOAT, _OTHER = 1, 2, 4, 8
_CLASSES: Final = np.full(256, _OTHER, np.uint8)
_CLASSES[list(b"0123456789")] = _DIGIT
_CLASSES[list(b"+-")] = _SIGN
_CLASSES[list(b".eE")] = _FLOAT
# Not an Arrow array yet: the first one that is made of Python's values imports pandas.
_NOT_FINITE: Final = ("NaN", "Inf", "-Inf", "Infinity", "-Infinity")
# Java's grammar of a double.
_JAVA_DOUBLE: Final = re.compile(
    r"[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?"
    r"|(0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d+)[fFdD]?)",
    re.ASCII,
)
_SPACES: Final = "".join(map(chr, range(33)))
_PLAIN_TIMESTAMP: Final = r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?$"
_ZONED_TIMESTAMP: Final = r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)$"


def arrow_type(found: TextColumnType) -> pa.DataType:
    """The type of a column, as it is written."""
    return pa.decimal128(found.digits, 0) if found.kind is TextKind.DECIMAL else _TYPES[found.kind]


def merge(first: TextColumnType, second: TextColumnType) -> TextColumnType:
    """The type of a column that has values of both types."""
    low, high = sorted((first, second))
    if low.kind in (TextKind.NULL, high.kind) or high.kind <= TextKind.DOUBLE:
        return high
    return high if (low.kind, high.kind) == (TextKind.DATE, TextKind.TIMESTAMP) else TEXT


def classify(column: Column) -> TextColumnType:
    """The type of an Arrow column of text: the first in the order above that reads each value."""
    start = _first(column)
    if start is None:
        return NOTHING
    for kind in _candidates(start):
        found = TextColumnType(kind, _digits(column) if kind is TextKind.DECIMAL else 0)
        if convert(column, found) is not None:
            return found
    return TEXT


def convert(column: Column, wanted: TextColumnType) -> Column | None:
    """The values of an Arrow column of text in a type; None if one of them cannot be read in it."""
    if column.null_count == len(column):
        return pa.nulls(len(column), arrow_type(wanted))
    if wanted.kind is TextKind.DECIMAL:
        return _decimals(column, wanted.digits)
    return _READERS[wanted.kind](column)


def _first(column: Column) -> str | None:
    """The first value that is not null."""
    if column.null_count == len(column):
        return None
    place = pc.index(pc.is_valid(column), True).as_py()
    text: str = column[place].as_py()
    return text


def _candidates(text: str) -> tuple[TextKind, ...]:
    """The kinds that a column can have whose first value is this."""
    if text.lower() in ("true", "false"):
        return (TextKind.BOOLEAN,)
    if _java_double(text) is not None:
        return (TextKind.INT, TextKind.LONG, TextKind.DECIMAL, TextKind.DOUBLE)
    if instant(text) is not None:
        return (TextKind.DATE, TextKind.TIMESTAMP)
    return ()


def _classes(column: Column) -> int:
    """Which classes of bytes the values of a column are made of."""
    found = 0
    for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else (column,):
        offsets, data = chunk.buffers()[1:]
        if data is None or not len(chunk):
            continue
        bounds = np.frombuffer(offsets, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
        view = np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]]
        found |= int(np.bitwise_or.reduce(_CLASSES[view])) if len(view) else 0
    return found


def _whole(kind: pa.DataType) -> Callable[[Column], Column | None]:
    def read(column: Column) -> Column | None:
        classes = _classes(column)
        if classes & ~(_DIGIT | _SIGN):
            return None
        return _cast(_without_plus(column) if classes & _SIGN else column, kind)

    return read


def _digits(column: Column) -> int:
    """The most digits of whole numbers, but for zeros in front."""
    longest = pc.max(pc.utf8_length(pc.utf8_ltrim(column, characters="+-0"))).as_py()
    return max(int(longest), _LEAST_DIGITS)


def _decimals(column: Column, digits: int) -> Column | None:
    """Whole numbers of up to so many digits."""
    if digits > _MOST_DIGITS or _classes(column) & ~(_DIGIT | _SIGN) or _digits(column) > digits:
        return None
    if not pc.all(pc.match_substring_regex(column, r"^[+-]?\d+$")).as_py():
        return None
    plain = pc.replace_substring_regex(column, r"^(?:\+|(-))?0*(\d)", r"\1\2")
    return _cast(plain, pa.decimal128(digits, 0))


def _doubles(column: Column) -> Column | None:
    if not _classes(column) & _OTHER:
        return _cast(column, pa.float64())
    rest = pc.if_else(pc.is_in(column, value_set=pa.array(_NOT_FINITE)), pa.scalar(None, pa.string()), column)
    if not _classes(_packed(rest)) & _OTHER:
        return _cast(column, pa.float64())
    return _by_value(column, _java_double, pa.float64())


def _dates(column: Column) -> Column | None:
    if _classes(column) & ~(_DIGIT | _SIGN):
        return None
    days = _cast(column, pa.date32())
    # Arrow knows the year 0.
    if days is None or pc.min(days.cast(pa.int32())).as_py() < _FIRST_DAY:
        return None
    return days


def _timestamps(column: Column) -> Column | None:
    if pc.all(pc.match_substring_regex(column, _PLAIN_TIMESTAMP)).as_py():
        found = _cast(column, pa.timestamp("us"))
        found = None if found is None else found.cast(pa.timestamp("us", "UTC"))
    elif pc.all(pc.match_substring_regex(column, _ZONED_TIMESTAMP)).as_py():
        found = _cast(column, pa.timestamp("us", "UTC"))
    else:
        found = None
    if found is not None and pc.min(found.cast(pa.int64())).as_py() >= _FIRST_MICROSECOND:
        return found
    return _by_value(column, instant, pa.timestamp("us", "UTC"))


def _booleans(column: Column) -> Column | None:
    lower = pc.utf8_lower(column)
    yes, no = pc.equal(lower, "true"), pc.equal(lower, "false")
    return yes if pc.all(pc.or_(yes, no)).as_py() else None


def _texts(column: Column) -> Column:
    return column


def _cast(column: Column, kind: pa.DataType) -> Column | None:
    try:
        return pc.cast(column, kind)
    except pa.ArrowInvalid:
        return None


def _packed(column: Column) -> Column:
    """A column without its nulls, and so without the bytes behind them."""
    return pc.drop_null(column)


def _without_plus(column: Column) -> Column:
    return pc.replace_substring_regex(column, r"^\+(\d)", r"\1")


def _by_value(column: Column, read: Callable[[str], float | int | None], kind: pa.DataType) -> Column | None:
    """Read each value that occurs, once, in Python: for what is written in no plain form."""
    encoded = pc.dictionary_encode(column)
    chunks = []
    known: dict[str, float | int] = {}
    for chunk in encoded.chunks if isinstance(encoded, pa.ChunkedArray) else (encoded,):
        values = []
        for text in chunk.dictionary.to_pylist():
            value = known[text] if text in known else read(text)
            if value is None:
                return None
            known[text] = value
            values.append(value)
        chunks.append(
            pa.array(values, pa.int64() if kind != pa.float64() else kind).cast(kind).take(chunk.indices)
        )
    return pa.chunked_array(chunks, kind)


def _java_double(text: str) -> float | None:
    """What Java reads a text as; Spark's words for what is not finite as well."""
    if text in ("Inf", "-Inf"):
        return float(text)
    match = _JAVA_DOUBLE.fullmatch(text.strip(_SPACES))
    if match is None:
        return None
    sign = -1.0 if match[0].startswith("-") else 1.0
    if match[1] is None:
        return float(match[0].rstrip("fFdD"))
    try:
        return sign * float.fromhex(match[1])
    except OverflowError:
        return sign * float("inf")


_FIRST_DAY: Final = -719_162
_FIRST_MICROSECOND: Final = _FIRST_DAY * 86_400_000_000


def _nothing(_column: Column) -> None:
    return None


_READERS: Final[dict[TextKind, Callable[[Column], Column | None]]] = {
    TextKind.NULL: _nothing,
    TextKind.INT: _whole(pa.int32()),
    TextKind.LONG: _whole(pa.int64()),
    TextKind.DOUBLE: _doubles,
    TextKind.DATE: _dates,
    TextKind.TIMESTAMP: _timestamps,
    TextKind.BOOLEAN: _booleans,
    TextKind.STRING: _texts,
}
