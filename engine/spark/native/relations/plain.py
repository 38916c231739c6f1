"""Relations that stand on one other, and those that stand on none: files and local rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.spark.native.expressions import read
from engine.spark.native.functions.lines import normal
from engine.spark.native.functions.nested import elements
from engine.spark.native.functions.windows import NULLS, WAYS
from engine.spark.native.literals import literal
from engine.spark.native.names import automatic_name, find_column
from engine.spark.native.read_sql import read_sql
from engine.spark.native.relations.groups import aggregated
from engine.spark.native.relations.local import local_rows
from engine.spark.native.relations.rows import (
    FLAG,
    PLACE,
    Item,
    NativeReader,
    Order,
    Rows,
    Sorted,
    Whole,
    filtered,
    item_of,
    items_of,
    projected_items,
    refuse_unknown,
    select,
    unflagged,
)
from engine.spark.native.relations.steps import filled, is_kept
from engine.spark.native.tree import (
    Column,
    Expr,
    Ref,
    Value,
    has_window,
    is_aggregate,
)
from engine.spark.native.types import (
    INSTANTS,
    Other,
    Struct,
    duckdb_name,
    is_ordered,
    to_proto,
)
from engine.spark.native.unproven import Unproven
from engine.spark.native.writer import any_of, column_name, guard, quoted, write

_MOST_ROWS: Final = 1_000_000


def _read(reader: NativeReader, relation: pb.Relation) -> Rows:
    if (prepared := reader.made(relation.read)) is not None:
        return prepared
    scan = reader.scan(relation.read)
    columns, parts = list[Column](), list[str]()
    for one in scan.fields:
        made = reader.fresh(one.type, one.name)
        name = duckdb_name(one.type)
        if isinstance(one.type, Struct) and name is None and not one.unproven:
            columns.append(made)
            parts.append(f"{_identifier(one.name)} AS {column_name(made)}")
            continue
        if one.unproven or name is None:
            # It may be passed over; a reference to it finds a column that nothing can be done with.
            hidden = Other(to_proto(one.type).SerializeToString(deterministic=True))
            columns.append(replace(made, type=hidden))
            continue
        text = _identifier(one.name)
        if one.type in INSTANTS:
            text = f"make_timestamp(epoch_us({text}))"
        columns.append(made)
        parts.append(f"CAST({text} AS {name}) AS {column_name(made)}")
    files = ", ".join(quoted(path) for path in scan.paths)
    parts = parts or ["1 AS nothing"]
    source = f"read_parquet([{files}], union_by_name = false, hive_partitioning = false)"
    if scan.whole:
        source = source.removesuffix(")") + ", file_row_number = true)"
        sql = f"SELECT {', '.join(parts)}, file_row_number AS {PLACE} FROM {source}"  # noqa: S608 - generated names only
        return Rows(sql, tuple(columns), Whole())
    order: Order = "file" if len(scan.paths) == 1 else "open"
    return Rows(f"SELECT {', '.join(parts)} FROM {source}", tuple(columns), order)  # noqa: S608 - generated names only


def _identifier(name: str) -> str:
    if "\0" in name:
        raise Unproven("a column with an unusual name")
    return '"' + name.replace('"', '""') + '"'


def _alias(reader: NativeReader, relation: pb.Relation) -> Rows:
    alias = relation.subquery_alias.alias.lower()
    rows = reader.read(relation.subquery_alias.input)
    reader.aliases.add(alias)
    return replace(rows, columns=tuple(replace(one, alias=alias) for one in rows.columns))


def _project(reader: NativeReader, relation: pb.Relation) -> Rows:
    if not relation.project.HasField("input"):
        raise Unproven("a projection without columns")
    rows = reader.read(relation.project.input)
    messages = [_written_out(one) for one in relation.project.expressions]
    rows, messages = _exploded(reader, rows, messages)
    scope, items = reader.scope(rows, aggregates=True, windows=True), list[Item]()
    for one in messages:
        if _is_star(one):
            items += [Item(Ref(column), column.name, kept=True) for column in rows.columns]
        else:
            items.append(item_of(one, scope))
    if any(is_aggregate(item.expression) for item in items):
        if any(has_window(item.expression) for item in items):
            raise Unproven("window functions over aggregates")
        return aggregated(reader, rows, [], items)
    return projected_items(reader, rows, items)


def _exploded(
    reader: NativeReader, rows: Rows, messages: list[pb.Expression]
) -> tuple[Rows, list[pb.Expression]]:
    """The rows for each element of an array, if there is `explode`, which is a column of theirs then."""
    places = [place for place, one in enumerate(messages) if _generator(one) is not None]
    if not places:
        return rows, messages
    limited = rows.most is not None or isinstance(rows.order, Sorted)
    if len(places) > 1 or limited or any(map(_is_star, messages)):
        raise Unproven("explode more than once, beside a star, or of sorted or limited rows")
    [place] = places
    call = _generator(messages[place])
    if call is None or len(call.arguments) != 1:
        raise Unproven("the function explode")
    array = read(call.arguments[0], reader.scope(rows))
    held = elements(array.type)
    if held is None or duckdb_name(held[0]) is None:
        raise Unproven("explode of a value that is not an array of plain values")
    made = reader.fresh(held[0], f"{_EXPLODED}{place}", nullable=held[1])
    long = f"len({write(array)}) > {_MOST_ELEMENTS}"
    flag = any_of([*([FLAG] if rows.flagged else []), guard(array), long])
    names = [column_name(one) for one in rows.columns if not isinstance(one.type, Other)]
    parts = [*names, f"unnest({write(array)}) AS {column_name(made)}", f"{flag} AS {FLAG}"]
    order: Order = "open"
    if isinstance(rows.order, Whole):
        order = rows.order
        parts.append(f"{PLACE} * {_MOST_ELEMENTS} + unnest(range(len({write(array)}))) AS {PLACE}")
    result = replace(
        rows, sql=select(parts, rows.sql), columns=(*rows.columns, made), flagged=True, order=order
    )
    name = automatic_name(messages[place]) if messages[place].HasField("alias") else "col"
    reference = pb.Expression()
    reference.alias.name.append(name or "col")
    reference.alias.expr.unresolved_attribute.unparsed_identifier = made.name or ""
    return result, [*messages[:place], reference, *messages[place + 1 :]]


_EXPLODED: Final = "exploded "


_MOST_ELEMENTS: Final = 1 << 20


def _generator(expression: pb.Expression) -> pb.Expression.UnresolvedFunction | None:
    """The call of `explode`, if it is one."""
    inner = expression.alias.expr if expression.HasField("alias") else expression
    if inner.HasField("expression_string"):
        inner = read_sql(inner.expression_string.expression)
    called = inner.HasField("unresolved_function") and inner.unresolved_function.function_name == "explode"
    return inner.unresolved_function if called else None


def _written_out(expression: pb.Expression) -> pb.Expression:
    """A star in SQL text as the star that it is."""
    is_star = expression.HasField("expression_string") and expression.expression_string.expression == "*"
    return pb.Expression(unresolved_star=pb.Expression.UnresolvedStar()) if is_star else expression


def _is_star(expression: pb.Expression) -> bool:
    star = expression.unresolved_star
    return (
        expression.WhichOneof("expr_type") == "unresolved_star"
        and not star.HasField("unparsed_target")
        and not star.HasField("plan_id")
    )


def _filter(reader: NativeReader, relation: pb.Relation) -> Rows:
    rows = reader.read(relation.filter.input)
    return filtered(rows, read(relation.filter.condition, reader.scope(rows)))


def _with_columns(reader: NativeReader, relation: pb.Relation) -> Rows:
    rows = reader.read(relation.with_columns.input)
    scope = reader.scope(rows, windows=True)
    new = dict[str, tuple[str, Expr]]()
    for alias in relation.with_columns.aliases:
        if len(alias.name) != 1 or alias.HasField("metadata"):
            raise Unproven("a column with metadata")
        name = alias.name[0]
        if not name.isascii() or name.lower() in new:
            raise Unproven(f"a new column {name!r}, whose name is unusual or given twice")
        new[name.lower()] = name, read(alias.expr, scope)
    refuse_unknown(rows)
    items = list[Item]()
    for column in rows.columns:
        made = new.pop((column.name or "").lower(), None)
        items.append(Item(Ref(column), column.name, kept=True) if made is None else Item(made[1], made[0]))
    items += [Item(expression, name) for name, expression in new.values()]
    return projected_items(reader, rows, items)


def _renamed_columns(reader: NativeReader, relation: pb.Relation) -> Rows:
    step = relation.with_columns_renamed
    rows = reader.read(step.input)
    if step.rename_columns_map or not step.renames:
        raise Unproven("renaming in an old form")
    refuse_unknown(rows)
    new = {one.col_name.lower(): one.new_col_name for one in step.renames}
    if len(new) < len(step.renames) or not all(name.isascii() for name in new):
        raise Unproven("renaming a column twice")
    if new.keys() & {name.lower() for name in new.values()}:  # Spark does one after the other
        raise Unproven("renaming a column to the name of another that is renamed")
    columns = list[Column]()
    for one in rows.columns:
        name = new.get((one.name or "").lower())
        columns.append(one if name is None else replace(one, name=name, alias=""))
    return replace(rows, columns=tuple(columns))


def _to_df(reader: NativeReader, relation: pb.Relation) -> Rows:
    rows = reader.read(relation.to_df.input)
    names = relation.to_df.column_names
    if len(names) != len(rows.columns):
        raise Unproven("toDF with a wrong number of names")
    columns = tuple(replace(one, name=name, alias="") for one, name in zip(rows.columns, names, strict=True))
    return replace(rows, columns=columns)


def _drop(reader: NativeReader, relation: pb.Relation) -> Rows:
    rows = reader.read(relation.drop.input)
    refuse_unknown(rows)
    gone = {name.lower() for name in relation.drop.column_names}
    for one in relation.drop.columns:
        expression = read(one, reader.scope(rows))
        if not isinstance(expression, Ref):
            raise Unproven("dropping a value that is not a column")
        gone.add((expression.column.name or "").lower())
    if not all(name.isascii() for name in gone):
        raise Unproven("dropping a column with an unusual name")
    return replace(rows, columns=tuple(one for one in rows.columns if (one.name or "").lower() not in gone))


def _aggregate(reader: NativeReader, relation: pb.Relation) -> Rows:
    step = relation.aggregate
    other = reader.steps.get(f"aggregate {step.group_type}")
    if other is not None:
        return other(reader, relation)
    rows = reader.read(step.input)
    if step.group_type != pb.Aggregate.GROUP_TYPE_GROUPBY or step.HasField("pivot") or step.grouping_sets:
        raise Unproven("grouping in an unusual way")
    keys, items = items_of(reader, rows, step)
    return aggregated(reader, rows, keys, items)


def _sort(reader: NativeReader, relation: pb.Relation) -> Rows:
    step = relation.sort
    rows = reader.read(step.input)
    if rows.most is not None or isinstance(rows.order, Sorted):
        raise Unproven("sorting sorted or limited rows")
    if step.HasField("is_global") and not step.is_global:
        raise Unproven("sorting within partitions")
    scope, keys, by = reader.scope(rows), list[str](), list[str]()
    parts = ["*"]
    for number, order in enumerate(step.order):
        key = read(order.child, scope)
        if not is_ordered(key.type) or key.approximate or guard(key) is not None:
            raise Unproven("sorting by a value that cannot be compared exactly, or that may raise an error")
        if isinstance(key, Value):
            raise Unproven("sorting by a constant, which may be the place of a column")
        way, nulls = WAYS.get(order.direction), NULLS.get(order.null_ordering)
        if way is None or nulls is None:
            raise Unproven("sorting in an unknown way")
        name = f"k{number}"
        keys.append(name)
        by.append(f"{name} {way} {nulls}")
        parts.append(f"{normal(key.type, write(key))} AS {name}")
    if rows.order == "one" or not keys:
        return rows
    sql = select(parts, rows.sql)
    return replace(rows, sql=sql, order=Sorted(tuple(keys), tuple(by)))


def _limit(reader: NativeReader, relation: pb.Relation) -> Rows:
    rows = reader.read(relation.limit.input)
    most = relation.limit.limit
    if rows.order == "one" and most >= 1:
        return rows
    if isinstance(rows.order, Sorted) and rows.most is None and 0 < most < _MOST_ROWS:
        # One more than is wanted shows whether the last one is fixed.
        last = f"ORDER BY {', '.join(rows.order.by)} LIMIT {most + 1}"
        rows = unflagged(rows, None)
        return replace(rows, sql=f"{rows.sql} {last}", most=most)
    if rows.most is None and isinstance(rows.order, Whole) and 0 < most < _MOST_ROWS:
        # The first rows of the only partition.
        rows = unflagged(rows, None)
        return replace(rows, sql=f"{rows.sql} ORDER BY {PLACE} LIMIT {most}", order=Whole(cut=True))
    if rows.most is None and not isinstance(rows.order, Sorted) and 0 < most < _MOST_ROWS:
        # All rows, if they are not more than that.
        return replace(rows, most=most, order="open")
    raise Unproven("a limit, which leaves open what rows it gives")


def _deduplicate(reader: NativeReader, relation: pb.Relation) -> Rows:
    step = relation.deduplicate
    rows = reader.read(step.input)
    if step.within_watermark:
        raise Unproven("dropping duplicates within a watermark")
    if step.column_names:
        return _one_of_each(reader, rows, [find_column(rows.columns, name) for name in step.column_names])
    distinct = aggregated(reader, rows, [Item(Ref(column), column.name) for column in rows.columns], [])
    return replace(distinct, order="one") if rows.order == "one" else distinct


def _one_of_each(reader: NativeReader, rows: Rows, keys: Sequence[Column]) -> Rows:
    """One row for each combination of some columns; which one is open, so nothing is told of the others."""
    distinct = aggregated(reader, rows, [Item(Ref(column), column.name) for column in keys], [])
    made = dict(zip(keys, distinct.columns, strict=True))
    columns = tuple(made.get(one) or _hidden(reader, one) for one in rows.columns)
    # Spark keeps the first of the others, for which it may have to sort.
    return replace(distinct, columns=columns, order="one" if rows.order == "one" else "open")


def _hidden(reader: NativeReader, column: Column) -> Column:
    kind = Other(to_proto(column.type).SerializeToString(deterministic=True))
    return replace(reader.column(Ref(column), column.name), type=kind)


def _drop_na(reader: NativeReader, relation: pb.Relation) -> Rows:
    rows = reader.read(relation.drop_na.input)
    return filtered(rows, is_kept(rows.columns, relation.drop_na))


def _fill_na(reader: NativeReader, relation: pb.Relation) -> Rows:
    step = relation.fill_na
    rows = reader.read(step.input)
    refuse_unknown(rows)
    made = filled(rows.columns, step, [literal(value) for value in step.values])
    pairs = zip(made, rows.columns, strict=True)
    return projected_items(
        reader, rows, [Item(one, column.name, kept=isinstance(one, Ref)) for one, column in pairs]
    )


def _local(reader: NativeReader, relation: pb.Relation) -> Rows:
    fields, rows = local_rows(relation.local_relation)
    columns = [reader.fresh(kind, name, nullable=nullable) for name, kind, nullable in fields]
    names = ", ".join(map(column_name, columns))
    if not rows:
        parts = [f"{write(Value(None, one.type))} AS {column_name(one)}" for one in columns]
        return Rows(f"SELECT {', '.join(parts)} WHERE false", tuple(columns), "one")
    values = ", ".join(f"({', '.join(map(write, row))})" for row in rows)
    sql = f"SELECT * FROM (VALUES {values}) AS t({names})"  # noqa: S608 - generated names only
    return Rows(sql, tuple(columns), "one" if len(rows) == 1 else "open")


STEPS: Final[Mapping[str, Callable[[NativeReader, pb.Relation], Rows]]] = {
    "read": _read,
    "subquery_alias": _alias,
    "project": _project,
    "filter": _filter,
    "with_columns": _with_columns,
    "with_columns_renamed": _renamed_columns,
    "to_df": _to_df,
    "drop": _drop,
    "aggregate": _aggregate,
    "sort": _sort,
    "limit": _limit,
    "deduplicate": _deduplicate,
    "drop_na": _drop_na,
    "fill_na": _fill_na,
    "local_relation": _local,
}
