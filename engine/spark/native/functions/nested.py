"""The lines of the table of functions for arrays and maps, whatever they hold. Data, made when asked for.

Nested values themselves are neither compared nor sorted by; what is inside of them may be, if it is a truth,
a whole number or a text, of which equal ones are equal in every bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.spark.native.tree import Expr, Line
from engine.spark.native.types import (
    BOOLEAN,
    FLOATS,
    INTEGER,
    INTEGRALS,
    LONG,
    STRING,
    Nested,
    SparkType,
    duckdb_name,
    from_proto,
    plain,
    to_proto,
)

_PLAIN: Final = (BOOLEAN, *INTEGRALS, STRING)


@dataclass(frozen=True, slots=True)
class Array:
    """What an array holds."""

    element: SparkType


@dataclass(frozen=True, slots=True)
class Map:
    """What a map holds."""

    key: SparkType
    value: SparkType


def inside(kind: SparkType) -> Array | Map | None:
    """What a nested type holds; None if it is not passed on, or not nested."""
    if not isinstance(kind, Nested) or duckdb_name(kind) is None:
        return None
    message = to_proto(kind)
    if message.WhichOneof("kind") == "array":
        return Array(from_proto(message.array.element_type))
    return Map(from_proto(message.map.key_type), from_proto(message.map.value_type))


def array_of(element: SparkType) -> Nested:
    """The type of an array that may hold nulls."""
    message = pb.DataType()
    message.array.element_type.CopyFrom(to_proto(element))
    message.array.contains_null = True
    return Nested(plain(message))


def bag_of(element: SparkType) -> Nested:
    """The type of an array without nulls; of one that a function made, so its order may be open.

    It has no name in DuckDB here, and so is no answer and no part of one.
    """
    message = pb.DataType()
    message.array.element_type.CopyFrom(to_proto(element))
    message.array.contains_null = False
    return Nested(plain(message))


def elements(kind: SparkType) -> tuple[SparkType, bool] | None:
    """The type of an array's elements and whether they may be null; None if it is no array."""
    if not isinstance(kind, Nested):
        return None
    message = to_proto(kind)
    if message.WhichOneof("kind") != "array":
        return None
    return from_proto(message.array.element_type), bool(message.array.contains_null)


SPLIT: Final = Line("split", (STRING, STRING, INTEGER), bag_of(STRING), "regexp_split_to_array({0}, {1})")


def collect_set(kind: SparkType) -> Line | None:
    """The line of `collect_set` for a type of values; None if it is not proven for that one."""
    if kind not in _PLAIN:
        return None
    sql = f"coalesce(list(DISTINCT {{0}}) FILTER (WHERE {{0}} IS NOT NULL), []::{duckdb_name(kind)}[])"
    return Line("collect_set", (kind,), bag_of(kind), sql, nullable="never", aggregate=True)


@lru_cache(maxsize=256)
def find_nested(name: str, takes: tuple[SparkType, ...]) -> Line | None:
    """The line of a function whose first argument is an array or a map, if there is one."""
    held = inside(takes[0])
    if held is None and (found := elements(takes[0])) is not None and not found[1]:
        lines = _of_bags(takes[0], found[0])
        return next((line for line in lines if (line.name, line.takes) == (name, takes)), None)
    return next((line for line in nested_lines(takes[0]) if (line.name, line.takes) == (name, takes)), None)


def _of_both(kind: SparkType, count: str) -> Iterator[Line]:
    for name in ("size", "cardinality"):
        yield Line(name, (kind,), INTEGER, f"CAST({count}({{0}}) AS INTEGER)")
    yield Line("isnull", (kind,), BOOLEAN, "{0} IS NULL", nullable="never")
    yield Line("isnotnull", (kind,), BOOLEAN, "{0} IS NOT NULL", nullable="never")


def _of_bags(kind: SparkType, element: SparkType) -> Iterator[Line]:
    """Of an array whose order may be open: what does not depend on it."""
    if element not in _PLAIN:
        return
    yield from _of_both(kind, "len")
    yield Line("array_contains", (kind, element), BOOLEAN, "list_contains({0}, {1})")
    yield Line("sort_array", (kind,), kind, "list_sort({0}, 'ASC', 'NULLS FIRST')")
    if element == STRING:  # only of sorted ones, see `engine.spark.native.expressions`
        yield Line("array_join", (kind, STRING), STRING, "array_to_string({0}, {1})")


def _of_maps(kind: SparkType, held: Map) -> Iterator[Line]:
    yield from _of_both(kind, "cardinality")
    if held.key not in _PLAIN:
        return
    yield Line("map_keys", (kind,), bag_of(held.key), "map_keys({0})")
    sql = "CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN list_contains(map_keys({0}), {1}) END"
    yield Line("map_contains_key", (kind, held.key), BOOLEAN, sql, nullable="always")
    if held.value in (*_PLAIN, *FLOATS):
        for name in ("element_at", "try_element_at", "extract"):
            yield Line(name, (kind, held.key), held.value, "{0}[{1}]", nullable="always")
        yield Line("map_values", (kind,), array_of(held.value), "map_values({0})")


def _of_arrays(kind: SparkType, held: Array | None) -> Iterator[Line]:
    if held is None:
        return
    yield from _of_both(kind, "len")
    yield Line("array_size", (kind,), INTEGER, "CAST(len({0}) AS INTEGER)")
    yield from _places(kind, held.element)
    yield from _joined(kind, held.element)
    if held.element in _PLAIN:
        yield from _searched(kind, held.element)
        yield from _sets(kind)


def _places(kind: SparkType, element: SparkType) -> Iterator[Line]:
    """Functions that take elements by their places, or change the places."""
    if element not in (*_PLAIN, *FLOATS):
        return
    beyond = "{1} = 0 OR abs(CAST({1} AS BIGINT)) > len({0})"
    yield Line("element_at", (kind, INTEGER), element, "{0}[{1}]", beyond, "always")
    beyond = (
        f"{{1}} = 0 OR {{1}} = {-(2**31)}"  # whose magnitude is none of Java's: Spark looks there, and fails
    )
    yield Line("try_element_at", (kind, INTEGER), element, "{0}[{1}]", beyond, "always")
    beyond = "{1} < 0 OR {1} >= len({0})"
    sql = "{0}[CAST({1} AS BIGINT) + 1]"
    yield Line("extract", (kind, INTEGER), element, sql, beyond, "always")
    yield Line("get", (kind, INTEGER), element, f"CASE WHEN {{1}} >= 0 THEN {sql} END", nullable="always")
    yield Line("reverse", (kind,), kind, "list_reverse({0})")
    sql = "list_slice({0}, {1}, CAST({1} AS BIGINT) + {2} - 1)"
    odd = "{1} < 1 OR {2} < 0"
    yield Line("slice", (kind, INTEGER, INTEGER), kind, f"CASE WHEN NOT ({odd}) THEN {sql} END", odd)


def _joined(kind: SparkType, element: SparkType) -> Iterator[Line]:
    """Arrays with more in them. A null array makes nothing of anything."""
    if element in (*_PLAIN, *FLOATS):
        there = "CASE WHEN {0} IS NOT NULL THEN"
        yield Line(
            "array_append", (kind, element), kind, f"{there} list_append({{0}}, {{1}}) END", nullable="first"
        )
        yield Line(
            "array_prepend",
            (kind, element),
            kind,
            f"{there} list_prepend({{1}}, {{0}}) END",
            nullable="first",
        )
        sql = "CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN list_concat({0}, {1}) END"
        yield Line("concat", (kind, kind), kind, sql)
    inner = inside(element)
    if isinstance(inner, Array) and inner.element in (*_PLAIN, *FLOATS):
        sql = "CASE WHEN list_count({0}) = len({0}) THEN flatten({0}) END"
        yield Line("flatten", (kind,), element, sql, nullable="always")


def _searched(kind: SparkType, element: SparkType) -> Iterator[Line]:
    missing = "CASE WHEN list_count({0}) < len({0}) THEN NULL ELSE false END"
    found = f"CASE WHEN list_contains({{0}}, {{1}}) THEN true ELSE {missing} END"
    both = "CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN"
    yield Line("array_contains", (kind, element), BOOLEAN, f"{both} {found} END", nullable="always")
    place = "CAST(coalesce(list_position({0}, {1}), 0) AS BIGINT)"
    yield Line("array_position", (kind, element), LONG, f"{both} {place} END")
    rest = "list_filter({0}, lambda x: x IS DISTINCT FROM {1})"
    yield Line("array_remove", (kind, element), kind, f"{both} {rest} END")
    for name in ("max", "min"):
        yield Line(f"array_{name}", (kind,), element, f"list_{name}({{0}})", nullable="always")
    yield Line("sort_array", (kind,), kind, "list_sort({0}, 'ASC', 'NULLS FIRST')")
    yield Line("sort_array desc", (kind,), kind, "list_sort({0}, 'DESC', 'NULLS LAST')")
    yield Line("array_sort", (kind,), kind, "list_sort({0}, 'ASC', 'NULLS LAST')")
    if element == STRING:
        # Nulls are passed over.
        sql = "array_to_string(list_filter({0}, lambda x: x IS NOT NULL), {1})"
        yield Line("array_join", (kind, STRING), STRING, sql)
        sql = "array_to_string(list_transform({0}, lambda x: coalesce(x, {2})), {1})"
        yield Line(
            "array_join", (kind, STRING, STRING), STRING, f"CASE WHEN {{2}} IS NOT NULL THEN {sql} END"
        )


def _sets(kind: SparkType) -> Iterator[Line]:
    """Arrays as sets: the first of equal ones stays, nulls are equal."""
    whole = _distinct("{0}")
    yield Line("array_distinct", (kind,), kind, whole)
    both = "CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN"
    there = _place("{1}", "x")
    for name, wanted in (("array_intersect", "IS NOT NULL"), ("array_except", "IS NULL")):
        first = _place("{0}", "x")
        sql = f"list_filter({{0}}, lambda x, i: {first} = i AND ({there}) {wanted})"
        yield Line(name, (kind, kind), kind, f"{both} {sql} END")
    yield Line("array_union", (kind, kind), kind, f"{both} {_distinct('list_concat({0}, {1})')} END")
    common = (
        "list_has_any(list_filter({0}, lambda x: x IS NOT NULL), list_filter({1}, lambda x: x IS NOT NULL))"
    )
    open_ = "(list_count({0}) < len({0}) OR list_count({1}) < len({1})) AND len({0}) > 0 AND len({1}) > 0"
    sql = f"CASE WHEN {common} THEN true WHEN {open_} THEN NULL ELSE false END"
    yield Line("arrays_overlap", (kind, kind), BOOLEAN, f"{both} {sql} END", nullable="always")


def _distinct(array: str) -> str:
    return f"list_filter({array}, lambda x, i: {_place(array, 'x')} = i)"


def _place(array: str, value: str) -> str:
    """Where a value stands first; null if it does not."""
    null = f"list_position(list_transform({array}, lambda y: y IS NULL), true)"
    return f"CASE WHEN {value} IS NULL THEN {null} ELSE list_position({array}, {value}) END"


def each(name: str, kind: SparkType, body: Expr, variable: str) -> Line | None:
    """The line of a function of each element; `{1}` is what becomes of it, which the variable stands in."""
    made = f"list_transform({{0}}, lambda {variable}: {{1}})"
    takes = (kind, body.type)
    unknown = f"list_count({made}) < len({made})"
    match name:
        case "filter":
            return Line(name, takes, kind, f"list_filter({{0}}, lambda {variable}: {{1}})", nullable="first")
        case "exists" | "forall":
            first, rest = ("true", "false") if name == "exists" else ("false", "true")
            found = f"WHEN list_contains({made}, {first}) THEN {first} WHEN {unknown} THEN NULL"
            return Line(name, takes, BOOLEAN, f"CASE WHEN {{0}} IS NULL THEN NULL {found} ELSE {rest} END")
    if body.type not in (*_PLAIN, *FLOATS):
        return None
    gives = array_of(body.type) if body.nullable else bag_of(body.type)
    return Line(name, takes, gives, made, nullable="first")


def nested_lines(kind: SparkType) -> list[Line]:
    """All lines of a nested type."""
    held = inside(kind)
    return list(_of_maps(kind, held) if isinstance(held, Map) else _of_arrays(kind, held))
