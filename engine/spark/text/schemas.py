"""Checking schemas that travel as strings: in from_json, from_csv, variant_get and local data. Pure.

A schema is more than types. As JSON, a field's metadata may hold EXISTS_DEFAULT or CURRENT_DEFAULT,
SQL text that Spark runs where the field is missing (tried: it told the server's user), and a type may
name a Java class to load. So a schema is a list of built-in types, or JSON of nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from engine.errors import PlanRefused
from engine.spark.text.cursor import MAX_DEPTH
from engine.spark.text.lexer import MAX_TEXT_BYTES, lex, render
from engine.spark.text.types import TypeReader, read_type

_FIELD_KEYS = frozenset({"name", "type", "nullable", "metadata"})
_NESTED_KEYS = {
    "struct": frozenset({"type", "fields"}),
    "array": frozenset({"type", "elementType", "containsNull"}),
    "map": frozenset({"type", "keyType", "valueType", "valueContainsNull"}),
}


def check_type(text: str) -> str:
    """Check a type or a list of columns: "int", "array<struct<a:int>>", "a INT, b STRING".

    Returns:
        The text to send.

    Raises:
        PlanRefused: with what is wrong and what to write instead.
    """
    reader = TypeReader(lex(text))
    read_type(reader)
    return render(reader.lexemes)


def check_schema(text: str) -> str:
    """Check a schema, as types ("a INT, b STRING") or as the JSON that PySpark writes.

    Returns:
        The text to send; JSON is written anew, without comments.

    Raises:
        PlanRefused: with what is wrong and what to write instead.
    """
    if text.lstrip()[:1] not in ("{", '"'):
        return check_type(text)
    if len(text) > MAX_TEXT_BYTES:
        raise _refused("it is too long")
    try:
        decoded = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise _refused("it is not JSON") from error
    return json.dumps(_rebuild(decoded, MAX_DEPTH))


def _unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """An object's members; one that comes twice has two readings."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _refused("a key comes twice")
    return members


def _rebuild(node: object, depth: int) -> object:
    if depth == 0:
        raise _refused(f"it is nested more than {MAX_DEPTH} levels deep")
    if isinstance(node, str):
        reader = TypeReader(lex(node))
        reader.type()
        reader.finish()
        return node
    kind = node.get("type") if isinstance(node, dict) else None
    if not isinstance(node, dict) or not isinstance(kind, str) or _NESTED_KEYS.get(kind) != node.keys():
        raise _refused("it holds something other than built-in types")
    rebuilt = {key: _part(key, value, depth - 1) for key, value in node.items()}
    return {**rebuilt, "type": kind}


def _part(key: str, value: object, depth: int) -> object:
    if key == "fields":
        if not isinstance(value, list):
            raise _refused("fields is not a list")
        return [_field(field, depth) for field in value]
    if key in ("containsNull", "valueContainsNull"):
        return bool(value)
    return value if key == "type" else _rebuild(value, depth)


def _field(field: object, depth: int) -> object:
    if not isinstance(field, dict) or not {"name", "type"} <= field.keys() <= _FIELD_KEYS:
        raise _refused("a field holds something other than name, type, nullable and metadata")
    metadata = field.get("metadata", {})
    if not isinstance(metadata, dict) or not metadata.keys() <= {"comment"}:
        raise _refused("a field has metadata, which Spark may run as SQL")
    if not isinstance(field["name"], str):
        raise _refused("a field's name is not text")
    return {
        "name": field["name"],
        "type": _rebuild(field["type"], depth),
        "nullable": bool(field.get("nullable", True)),
        "metadata": {},
    }


def _refused(why: str) -> PlanRefused:
    return PlanRefused(
        "schema-refused", f"this schema is not allowed: {why}", "write it as 'a INT, b STRING'"
    )
