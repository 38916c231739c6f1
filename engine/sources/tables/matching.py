"""Which column of a file is which column of its table, and whether the file's type will do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
from pyarrow import types

from engine.sources.tables.state import Matching, TableField

_NUMBER: Final = b"PARQUET:field_id"
# Digits that whole numbers have at most.
_DIGITS: Final = {pa.int8(): 3, pa.int16(): 5, pa.int32(): 10, pa.int64(): 19}
_WHOLE: Final = tuple(_DIGITS)
_EXACT_IN_DOUBLE: Final = frozenset({pa.int8(), pa.int16(), pa.int32(), pa.float32()})
_EXACT_IN_FLOAT: Final = frozenset({pa.int8(), pa.int16()})


@dataclass(frozen=True, slots=True)
class Matched:
    """The columns of a file that are columns of its table.

    Attributes:
        stored: their names in the file.
        schema: the same columns in the file's own types, under the table's names.
        renamed: whether any name differs, within columns as well.
    """

    stored: tuple[str, ...]
    schema: pa.Schema
    renamed: bool


class NoNumbers(ValueError):
    """Columns are found by number, and a file numbers none."""


def match_columns(fields: Sequence[TableField], schema: pa.Schema, matching: Matching) -> Matched:
    """Find a table's columns in a file.

    Args:
        fields: of the table.
        schema: the file's.
        matching: how columns are found, by name or by number.

    Raises:
        NoNumbers: the file does not number its columns, and the table goes by that.
    """
    if matching == "id" and len(schema) and all(_number(one) is None for one in schema):
        raise NoNumbers
    found = [(one, field) for one in schema if (field := _find(one, fields, matching)) is not None]
    labelled = [_labelled(one, field, matching) for one, field in found]
    return Matched(
        tuple(one.name for one, _ in found),
        pa.schema(labelled),
        any(
            given.name != one.name or given.type != one.type
            for given, (one, _) in zip(labelled, found, strict=True)
        ),
    )


def holds(target: Any, given: Any) -> bool:
    """Whether every value of a file's type is exactly one of the table's type, as widened types are."""
    if target == given or types.is_null(given):
        return True
    if target in _WHOLE and given in _WHOLE:
        return _WHOLE.index(given) < _WHOLE.index(target)
    if types.is_float64(target) or types.is_float32(target):
        return given in (_EXACT_IN_DOUBLE if types.is_float64(target) else _EXACT_IN_FLOAT)
    if types.is_decimal(target):
        if types.is_decimal(given):
            whole = target.precision - target.scale >= given.precision - given.scale
            return bool(whole and target.scale >= given.scale)
        return bool(given in _DIGITS and target.precision - target.scale >= _DIGITS[given])
    if target == pa.timestamp("us"):
        return bool(types.is_date32(given))
    return _nested_holds(target, given)


def _nested_holds(target: Any, given: Any) -> bool:
    if types.is_struct(target) and types.is_struct(given):
        known = {one.name: one.type for one in target}
        return all(one.name not in known or holds(known[one.name], one.type) for one in given)
    if types.is_map(target) and types.is_map(given):
        return holds(target.key_type, given.key_type) and holds(target.item_type, given.item_type)
    if types.is_list(target) and types.is_list(given):
        return holds(target.value_type, given.value_type)
    return False


def _find(one: pa.Field, fields: Iterable[TableField], matching: Matching) -> TableField | None:
    if matching == "id":
        number = _number(one)
        return next((field for field in fields if number is not None and field.number == number), None)
    exact = next((field for field in fields if field.stored == one.name), None)
    if exact is not None:
        return exact
    # Writers that mind no capital letters leave files whose columns differ by these.
    return next((field for field in fields if field.stored.lower() == one.name.lower()), None)


def _labelled(one: pa.Field, field: TableField, matching: Matching) -> pa.Field:
    return one.with_name(field.name).with_type(_labelled_type(one.type, field, matching))


def _labelled_type(kind: Any, field: TableField, matching: Matching) -> pa.DataType:
    """A file's type with the names of the table; what the table does not have gets a name of no column."""
    if types.is_struct(kind) and types.is_struct(field.type):
        made = []
        for place, one in enumerate(kind):
            child = _find(one, field.children, matching)
            made.append(one.with_name(f"\0{place}") if child is None else _labelled(one, child, matching))
        return pa.struct(made)
    if types.is_map(kind) and types.is_map(field.type):
        key, value = field.children
        return pa.map_(
            kind.key_field.with_type(_labelled_type(kind.key_type, key, matching)),
            kind.item_field.with_type(_labelled_type(kind.item_type, value, matching)),
        )
    if (types.is_list(kind) or types.is_large_list(kind)) and types.is_list(field.type):
        element = kind.value_field.with_type(_labelled_type(kind.value_type, field.children[0], matching))
        return pa.list_(element) if types.is_list(kind) else pa.large_list(element)
    return kind


def _number(one: pa.Field) -> int | None:
    text = (one.metadata or {}).get(_NUMBER)
    return int(text) if text is not None and text.isdigit() else None
