"""Objects of JSON lines as columns of Arrow, of the types that Spark gives them.

What costs time is done a column at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from operator import itemgetter
from typing import Any, Final, TypeAlias, TypeVar, cast

import pyarrow as pa

from engine.sources.text.json_lines import JsonRows, Malformed
from engine.sources.text.kinds import NOTHING, TEXT, TextColumnType, TextKind, arrow_type, merge
from engine.sources.text.problems import text_error

_T = TypeVar("_T")
_DEEPEST: Final = 50
_MOST_FIELDS: Final = 10_000
_MOST_DIGITS: Final = 38
_LEAST_DIGITS: Final = 20
_LONG: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class ListOf:
    """The type of lists.

    Attributes:
        element: the type of all their elements.
    """

    element: JsonType


@dataclass(frozen=True, slots=True)
class JsonStruct:
    """The type of objects.

    Attributes:
        fields: their fields' names and types, by the names in small letters.
    """

    fields: dict[str, tuple[str, JsonType]] = field(default_factory=dict)


JsonType: TypeAlias = TextColumnType | ListOf | JsonStruct


def type_of(rows: JsonRows) -> JsonStruct:
    """The type that all objects have.

    Raises:
        DataError: one has two values of one name, or nests too deeply, or there are too many names.
    """
    found = _checked(rows, lambda: _infer(rows.values, 0))
    assert isinstance(found, JsonStruct)
    if _count(found) > _MOST_FIELDS:
        what = f"more than {_MOST_FIELDS:,} different names"
        raise text_error("json-too-deep", rows.name, None, what, "put what varies into lists")
    return found


def merge_json(first: JsonType, second: JsonType) -> JsonType:
    """The type of a column that has values of both types; what does not fit together is text."""
    if NOTHING in (first, second):
        return second if first == NOTHING else first
    if isinstance(first, TextColumnType) and isinstance(second, TextColumnType):
        return merge(first, second)
    if isinstance(first, ListOf) and isinstance(second, ListOf):
        return ListOf(merge_json(first.element, second.element))
    if isinstance(first, JsonStruct) and isinstance(second, JsonStruct):
        fields = dict(first.fields)
        for key, (name, kind) in second.fields.items():
            known = fields.get(key)
            fields[key] = (name, kind) if known is None else (known[0], merge_json(known[1], kind))
        return JsonStruct(fields)
    return TEXT


def json_arrow(kind: JsonType) -> pa.DataType:
    """The type of a column, as it is written; fields in the order of their names, as in Spark."""
    if isinstance(kind, TextColumnType):
        return arrow_type(kind)
    if isinstance(kind, ListOf):
        return pa.list_(json_arrow(kind.element))
    if not kind.fields:
        return pa.string()
    return pa.struct([pa.field(name, json_arrow(inner)) for name, inner in _ordered(kind)])


def json_schema(kind: JsonStruct) -> pa.Schema:
    """The columns of rows."""
    return pa.schema([pa.field(name, json_arrow(inner)) for name, inner in _ordered(kind)])


def json_table(rows: JsonRows, kind: JsonStruct) -> pa.Table:
    """The rows as columns of their type, which must be one that `merge_json` had them in.

    Raises:
        DataError: a text has half of a character.
    """
    arrays = _checked(rows, lambda: _columns(rows.values, kind))
    return pa.table(arrays, schema=json_schema(kind))


def _checked(rows: JsonRows, work: Callable[[], _T]) -> _T:
    try:
        return work()
    except Malformed as error:
        raise text_error(error.args[0], rows.name, rows.line, f"there or below, {error.args[1]}") from None
    except UnicodeEncodeError:
        what = "there or below, a text has half of a character (a lone surrogate)"
        raise text_error("text-encoding", rows.name, rows.line, what) from None


def _count(kind: JsonType) -> int:
    if isinstance(kind, ListOf):
        return _count(kind.element)
    return sum(1 + _count(inner) for _, inner in kind.fields.values()) if isinstance(kind, JsonStruct) else 1


def _ordered(kind: JsonStruct) -> list[tuple[str, JsonType]]:
    return sorted(kind.fields.values(), key=lambda named: named[0])


def _infer(values: Sequence[Any], depth: int) -> JsonType:
    """The type of some values, None among them."""
    if depth > _DEEPEST:
        raise Malformed("json-too-deep", f"a value nests more than {_DEEPEST} deep")
    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return NOTHING
    if kinds == {dict}:
        return JsonStruct(
            {
                name.lower(): (name, _infer(column, depth + 1))
                for name, column in _by_name([value for value in values if value is not None])
            }
        )
    if kinds == {list}:
        return ListOf(_infer(list(_elements(values)), depth + 1))
    if kinds == {int}:
        return _whole([value for value in values if value is not None])
    if kinds <= {int, float}:
        return TextColumnType(TextKind.DOUBLE)
    return TextColumnType(TextKind.BOOLEAN) if kinds == {bool} else TEXT


def _whole(values: list[int]) -> TextColumnType:
    low, high = min(values), max(values)
    if low >= -_LONG and high < _LONG:
        return TextColumnType(TextKind.LONG)
    digits = max(len(str(abs(low))), len(str(abs(high))), _LEAST_DIGITS)
    return (
        TextColumnType(TextKind.DOUBLE) if digits > _MOST_DIGITS else TextColumnType(TextKind.DECIMAL, digits)
    )


def _elements(lists: Iterable[list[Any] | None]) -> Iterator[Any]:
    return chain.from_iterable(one for one in lists if one is not None)


def _by_name(objects: list[dict[str, Any]]) -> Iterator[tuple[str, list[Any]]]:
    """The values of each name, which may be written with other capital letters, None where there is none."""
    alike = _transposed(objects)
    if alike is not None:
        yield from alike
        return
    spellings: dict[str, list[str]] = {}
    for name in dict.fromkeys(chain.from_iterable(objects)):
        spellings.setdefault(name.lower(), []).append(name)
    if len(spellings) > _MOST_FIELDS:
        raise Malformed("json-too-deep", f"there are more than {_MOST_FIELDS:,} different names")
    for names in spellings.values():
        yield names[0], _values(objects, names)


def _transposed(objects: Sequence[dict[str, Any] | None]) -> list[tuple[str, list[Any]]] | None:
    """The values of each name of objects that all have the same names in one order, as programs write."""
    if not objects or any(one is None for one in objects):
        return None
    present = cast("Sequence[dict[str, Any]]", objects)
    orders = set(map(tuple, present))
    names = orders.pop()
    if orders or not names or len({name.lower() for name in names}) < len(names):
        return None
    return [(name, list(map(itemgetter(name), present))) for name in names]


def _values(objects: Iterable[dict[str, Any] | None], names: list[str]) -> list[Any]:
    """The value under one of some spellings of a name."""
    if len(names) == 1:
        (name,) = names
        return [None if one is None else one.get(name) for one in objects]
    found = []
    for one in objects:
        there = [name for name in names if one is not None and name in one]
        if len(there) > 1:
            what = f"an object has the same name twice, {there[0][:60]!r} and {there[1][:60]!r}"
            raise Malformed("json-duplicate", what)
        found.append(one[there[0]] if there and one is not None else None)
    return found


def _columns(objects: Sequence[dict[str, Any] | None], kind: JsonStruct) -> list[Any]:
    alike = _transposed(objects)
    if alike is not None:
        columns = {name.lower(): column for name, column in alike}
        nothing = [None] * len(objects)
        return [_array(columns.get(name.lower(), nothing), inner) for name, inner in _ordered(kind)]
    spellings: dict[str, list[str]] = {}
    for name in dict.fromkeys(chain.from_iterable(one for one in objects if one is not None)):
        spellings.setdefault(name.lower(), []).append(name)
    return [
        _array(_values(objects, spellings.get(name.lower(), [name])), inner) for name, inner in _ordered(kind)
    ]


def _array(values: list[Any], kind: JsonType) -> Any:
    """Values as an array of a type that they fit."""
    if isinstance(kind, JsonStruct) and kind.fields:
        missing = pa.array([value is None for value in values], pa.bool_())
        fields = list(json_arrow(kind))
        return pa.StructArray.from_arrays(_columns(values, kind), fields=fields, mask=missing)
    if isinstance(kind, ListOf):
        offsets, end = [0], 0
        for value in values:
            end += 0 if value is None else len(value)
            offsets.append(end)
        missing = pa.array([value is None for value in values], pa.bool_())
        elements = _array(list(_elements(values)), kind.element)
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), elements, mask=missing)
    leaf = kind.kind if isinstance(kind, TextColumnType) else TextKind.STRING
    if leaf is TextKind.DOUBLE:
        values = [_double(value) if type(value) is int else value for value in values]
    elif leaf is TextKind.DECIMAL:
        values = [None if value is None else Decimal(value) for value in values]
    elif leaf is TextKind.STRING:
        values = [value if value is None or type(value) is str else _text(value) for value in values]
    return pa.array(values, json_arrow(kind))


def _double(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("-inf") if value < 0 else float("inf")


def _text(value: Any) -> str:
    """What is no text in a column of text, as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
