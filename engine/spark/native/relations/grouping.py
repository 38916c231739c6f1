"""Grouping by several sets of keys at once, and pivots. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.spark.native import coercion
from engine.spark.native.expressions import read
from engine.spark.native.literals import literal
from engine.spark.native.relations.groups import aggregated
from engine.spark.native.relations.rows import Item, NativeReader, Rows, item_of, items_of
from engine.spark.native.tree import Call, CaseWhen, Column, Expr, Line, Ref
from engine.spark.native.types import BOOLEAN, INTEGRALS, NUMBERS, STRING, Decimal
from engine.spark.native.unproven import Unproven
from engine.spark.native.writer import column_name

_MOST_KEYS: Final = 6
_MOST_VALUES: Final = 50


def rollup(reader: NativeReader, relation: pb.Relation) -> Rows:
    """By all keys, by all but the last, and so on, and by none."""
    count = len(relation.aggregate.grouping_expressions)
    return _by_sets(reader, relation.aggregate, [range(size) for size in range(count, -1, -1)])


def cube(reader: NativeReader, relation: pb.Relation) -> Rows:
    """By each choice of keys."""
    count = len(relation.aggregate.grouping_expressions)
    if count > _MOST_KEYS:
        raise Unproven("a cube of many keys")
    return _by_sets(reader, relation.aggregate, choices(range(count)))


def choices(keys: Sequence[int]) -> list[Sequence[int]]:
    """Each choice of keys, in Spark's order: those with the first one, then those without."""
    if not keys:
        return [()]
    rest = choices(keys[1:])
    return [*((keys[0], *one) for one in rest), *rest]


def grouping_sets(reader: NativeReader, relation: pb.Relation) -> Rows:
    """By the sets of keys that are named."""
    step = relation.aggregate
    keys = [one.SerializeToString(deterministic=True) for one in step.grouping_expressions]
    sets = list[Sequence[int]]()
    for one in step.grouping_sets:
        wanted = [key.SerializeToString(deterministic=True) for key in one.grouping_set]
        if any(keys.count(key) != 1 for key in wanted) or len(set(wanted)) < len(wanted):
            raise Unproven("grouping sets of values that are not keys")
        sets.append([keys.index(key) for key in wanted])
    return _by_sets(reader, step, sets)


def _by_sets(reader: NativeReader, step: pb.Aggregate, sets: Sequence[Sequence[int]]) -> Rows:
    if step.HasField("pivot") or not step.grouping_expressions:
        raise Unproven("grouping by several sets of keys in an unusual way")
    if len({tuple(sorted(one)) for one in sets}) < len(sets) or not sets:
        raise Unproven("grouping by the same keys twice")
    rows = reader.read(step.input)
    scope = reader.scope(rows)
    keys = [item_of(one, scope) for one in step.grouping_expressions]
    if len({key.expression for key in keys}) < len(keys):
        raise Unproven("grouping by the same keys twice")
    made = tuple(
        replace(reader.column(key.expression, key.name, automatic=key.automatic), nullable=True)
        for key in keys
    )
    which = f"CAST(GROUPING({', '.join(map(column_name, made))}) AS BIGINT)"
    over = replace(reader.scope(rows, aggregates=True), grouping=which)
    items = [item_of(one, over) for one in step.aggregate_expressions]
    return aggregated(reader, rows, keys, items, sets, made)


def pivot(reader: NativeReader, relation: pb.Relation) -> Rows:
    """A column for each of the values that are named.

    Spark aggregates by the keys and the value, then puts each result into its column: what has no rows is
    null, counts as well.
    """
    step = relation.aggregate
    values = [literal(one) for one in step.pivot.values]
    if not step.grouping_expressions or not 0 < len(values) <= _MOST_VALUES or step.grouping_sets:
        raise Unproven("a pivot without keys, or whose values are not named")
    if any("unresolved_star" in str(one) for one in step.aggregate_expressions):
        raise Unproven("a pivot of stars, which Spark refuses")
    rows = reader.read(step.input)
    keys, items = items_of(reader, rows, step)
    by = read(step.pivot.col, reader.scope(rows))
    if any(value.value is None or value.type != by.type for value in values):
        raise Unproven("a pivot whose values are of another type")
    if by.type not in (STRING, *INTEGRALS) or len({value.value for value in values}) < len(values):
        raise Unproven("a pivot by values of an unusual type, or the same ones twice")
    cells = aggregated(reader, rows, [*keys, Item(by, "value")], items)
    first, value, results = _parts(cells.columns, len(keys))
    made = list[Item]()
    for one in values:
        for result in results:
            chosen = CaseWhen(((coercion.call("=", (Ref(value), one)), Ref(result)),), None, result.type)
            name = str(one.value) if len(results) == 1 else f"{one.value}_{_named(result)}"
            made.append(Item(_only(chosen), name))
    return aggregated(reader, cells, [Item(Ref(key), key.name, key.automatic) for key in first], made)


def _parts(columns: Sequence[Column], keys: int) -> tuple[Sequence[Column], Column, Sequence[Column]]:
    return columns[:keys], columns[keys], columns[keys + 1 :]


def _named(column: Column) -> str:
    if column.name is None or column.automatic:
        raise Unproven("the automatic name of a column of a pivot")
    return column.name


def _only(expression: Expr) -> Expr:
    """The one value of a group that is not null, if there is one."""
    kind = expression.type
    if kind not in (BOOLEAN, *NUMBERS) and not isinstance(kind, Decimal):
        raise Unproven("a pivot of values that are not numbers")
    line = Line("pivot", (kind,), kind, "any_value({0})", nullable="always", passes=True, aggregate=True)
    return Call(line, (expression,))
