"""Trusted side: Spark's JSON form of a schema (`StructType.json()`), checked and written anew.

A schema in this form may name user-defined types, whose Java or Python class the backend then loads; so
only plain types pass, and only the keys that PySpark writes for them.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from engine.errors import PlanRefused
from engine.plans.caps import MAX_NODES
from engine.plans.names import check_column, check_metadata
from engine.plans.rules import Place

# Deeper schemas than this do not occur; bounds the recursion here and in the backend.
MAX_SCHEMA_DEPTH: Final = 50

_SIMPLE: Final = frozenset(
    {"void", "null", "string", "binary", "boolean", "byte", "short", "integer", "long", "float", "double"}
    | {"date", "timestamp", "timestamp_ltz", "timestamp_ntz", "variant", "interval", "calendarinterval"}
    | {"tinyint", "smallint", "int", "bigint", "decimal", "time"}
)
_PARAMETRIC: Final = re.compile(
    r"decimal\(\s*\d{1,2}\s*,\s*-?\d{1,2}\s*\)|(?:char|varchar)\(\d{1,9}\)|time\(\d\)"
    r"|interval (?:year|month|year to month|day|hour|minute|second"
    r"|day to (?:hour|minute|second)|hour to (?:minute|second)|minute to second)"
)
_KEYS: Final = {
    "struct": {"type", "fields"},
    "array": {"type", "elementType", "containsNull"},
    "map": {"type", "keyType", "valueType", "valueContainsNull"},
}
_FIELD_KEYS: Final = {"name", "type", "nullable", "metadata"}


def check_schema_json(text: str) -> str:
    """Check a schema in JSON, and return it written anew.

    Raises:
        PlanRefused: if it is not a schema of plain types.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise _refused("it is not JSON") from None
    budget = [MAX_NODES]
    _check(data, 1, budget)
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def _check(data: Any, depth: int, budget: list[int]) -> None:
    budget[0] -= 1
    if depth > MAX_SCHEMA_DEPTH or budget[0] < 0:
        raise _refused("it is too deep or too large")
    if isinstance(data, str):
        if data not in _SIMPLE and _PARAMETRIC.fullmatch(data) is None:
            raise _refused(f"the type {data[:100]!r} is not a plain data type")
        return
    kind = data.get("type") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in _KEYS or set(data) != _KEYS[kind]:
        raise _refused(f"the type {str(kind)[:100]!r} is not a plain data type")
    if kind == "struct":
        if not isinstance(data["fields"], list):
            raise _refused("its fields are not a list")
        for field in data["fields"]:
            _check_field(field, depth, budget)
        return
    for key in _KEYS[kind] - {"type"}:
        if not key.endswith("Null"):
            _check(data[key], depth + 1, budget)
        elif not isinstance(data[key], bool):
            raise _refused(f"{key} is not a Boolean")


def _check_field(field: Any, depth: int, budget: list[int]) -> None:
    if not isinstance(field, dict) or not {"name", "type"} <= set(field) <= _FIELD_KEYS:
        raise _refused("a field has other keys than name, type, nullable and metadata")
    if not isinstance(field["name"], str) or not isinstance(field.get("nullable", True), bool):
        raise _refused("a field has no proper name")
    check_column(field["name"], Place())
    check_metadata(json.dumps(field.get("metadata", {})), Place())
    _check(field["type"], depth + 1, budget)


def _refused(why: str) -> PlanRefused:
    return PlanRefused(
        "type-refused",
        f"this schema is refused: {why}",
        "use the types of pyspark.sql.types, without user-defined types",
    )
