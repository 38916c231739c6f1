"""Arrays, structs and maps as JSON text, which is what Snowflake's ARRAY and OBJECT are to a client. Pure.

A map is an object, whose keys are text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pyarrow as pa


def as_json(column: pa.Array) -> pa.Array:
    """The values of a nested column as JSON text; null stays null."""
    kind = column.type
    values = [None if value is None else _text(value, kind) for value in column.to_pylist()]
    return pa.array(values, pa.string())


def _text(value: Any, kind: Any) -> str:
    """A value of a type, as JSON."""
    if value is None:
        return "null"
    if pa.types.is_map(kind):
        return _object((_key(key, kind.key_type), _text(item, kind.item_type)) for key, item in value)
    if pa.types.is_struct(kind):
        return _object((field.name, _text(value[field.name], field.type)) for field in kind)
    if pa.types.is_nested(kind):
        return f"[{', '.join(_text(one, kind.value_type) for one in value)}]"
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, bytes):
        return json.dumps(value.hex().upper())
    return json.dumps(value if isinstance(value, (bool, int, float, str)) else str(value))


def _object(members: Iterable[tuple[str, str]]) -> str:
    return f"{{{', '.join(f'{json.dumps(name)}: {text}' for name, text in members)}}}"


def _number(value: Decimal) -> str:
    """All digits of a decimal, which a float would round after seventeen. One zero at the end at most."""
    whole, point, rest = format(value, "f").partition(".")
    return whole + point + (rest.rstrip("0") or rest[:1])


def _key(key: Any, kind: Any) -> str:
    text = _text(key, kind)
    return json.loads(text) if text.startswith('"') else text
