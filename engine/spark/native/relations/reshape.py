"""The steps that give columns another shape: `unpivot`, `replace`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.spark.native import coercion
from engine.spark.native.literals import literal
from engine.spark.native.names import find_column, part_of
from engine.spark.native.relations.rows import (
    FLAG,
    Item,
    NativeReader,
    Rows,
    item_of,
    projected_items,
    refuse_unknown,
    select,
)
from engine.spark.native.tree import Column, Expr, Ref, Value
from engine.spark.native.types import BOOLEAN, STRING
from engine.spark.native.unproven import Unproven
from engine.spark.native.writer import column_name, constant, guard, write

_MOST_COLUMNS: Final = 50


def unpivot(reader: NativeReader, relation: pb.Relation) -> Rows:
    """A row for each of the values of a row."""
    step = relation.unpivot
    rows = reader.read(step.input)
    scope = reader.scope(rows)
    ids = [item_of(one, scope) for one in step.ids]
    values = [item_of(one, scope) for one in step.values.values]
    if not step.HasField("values") or not 0 < len(values) <= _MOST_COLUMNS or rows.most is not None:
        raise Unproven("unpivot of columns that are not named")
    if not all(isinstance(one.expression, Ref) for one in (*ids, *values)):
        raise Unproven("unpivot of values that are not columns")
    if any(guard(one.expression) is not None or one.name is None for one in values):
        raise Unproven("unpivot of values that may raise an error")
    kind = coercion.widest([one.expression for one in values])
    cells = [coercion.cast(one.expression, kind) for one in values]
    kept = [reader.column(one.expression, one.name, automatic=one.automatic) for one in ids]
    name = reader.fresh(STRING, step.variable_column_name, nullable=False)
    value = reader.column(_widest(cells), step.value_column_name)
    parts = [f"{write(one.expression)} AS {column_name(made)}" for one, made in zip(ids, kept, strict=True)]
    names = [constant(Value(one.name, STRING)) for one in values]
    parts.append(f"{_chosen(names)} AS {column_name(name)}")
    parts.append(f"{_chosen([write(one) for one in cells])} AS {column_name(value)}")
    parts += [FLAG] if rows.flagged else []
    places = ", ".join(f"({place})" for place in range(len(values)))
    source = f"SELECT t.*, v.n FROM ({rows.sql}) AS t, (VALUES {places}) AS v(n)"  # noqa: S608 - generated names only
    columns = (*kept, name, value)
    return Rows(
        select(parts, source), columns, "open", rows.flagged, rows.guards, rows.asked, equated=rows.equated
    )


def _chosen(values: Sequence[str]) -> str:
    return "CASE n " + " ".join(f"WHEN {place} THEN {one}" for place, one in enumerate(values)) + " END"


def _widest(cells: Sequence[Expr]) -> Expr:
    """One expression that is as nullable and as approximate as any of these."""
    approximate = any(one.approximate for one in cells)
    nullable = any(one.nullable for one in cells)
    return Ref(Column(0, None, cells[0].type, nullable, approximate))


def replaced(reader: NativeReader, relation: pb.Relation) -> Rows:
    """`df.replace`: the rows with some values replaced by others."""
    step = relation.replace
    rows = reader.read(step.input)
    refuse_unknown(rows)
    chosen = [find_column(rows.columns, part_of(name)) for name in step.cols] or list(rows.columns)
    pairs = [(literal(one.old_value), literal(one.new_value)) for one in step.replacements]
    kinds = {value.type for pair in pairs for value in pair}
    if len(kinds) != 1 or not kinds <= {STRING, BOOLEAN}:
        raise Unproven("replace of values that are not text")
    items = list[Item]()
    for column in rows.columns:
        ours = column in chosen and column.type in kinds
        made = _replacing(column, pairs) if ours else Ref(column)
        items.append(Item(made, column.name, kept=not ours))
    return projected_items(reader, rows, items)


def _replacing(column: Column, pairs: Sequence[tuple[Value, Value]]) -> Expr:
    branches = [(coercion.call("=", (Ref(column), old)), new) for old, new in pairs]
    return coercion.case(branches, Ref(column))
