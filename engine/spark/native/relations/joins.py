"""Joins and set operations of two relations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.spark.native.expressions import NameScope, read
from engine.spark.native.names import find_column
from engine.spark.native.relations.rows import (
    Hashed,
    Item,
    NativeReader,
    Rows,
    Whole,
    projected_items,
    refuse_unknown,
    select,
    unflagged,
)
from engine.spark.native.tree import (
    Column,
    Ref,
    Value,
)
from engine.spark.native.types import (
    BOOLEAN,
    FLOATS,
    Other,
    is_ordered,
)
from engine.spark.native.unproven import Unproven
from engine.spark.native.writer import column_name, guard, write


def join(reader: NativeReader, relation: pb.Relation) -> Rows:
    """Pairs of rows, or those of one side that have a match, or none."""
    step = relation.join
    left, right = reader.read(step.left), reader.read(step.right)
    kind = _JOINS.get(step.join_type)
    if kind is None or step.HasField("join_data_type"):
        raise Unproven("a join of this kind")
    left, right = _settled(left), _settled(right)
    asked = (*left.asked, *right.asked)
    both = (*left.columns, *right.columns)
    if step.using_columns:
        condition, shared = _using(left, right, list(step.using_columns))
    elif step.HasField("join_condition"):
        refuse_twice(both)
        typed = read(step.join_condition, NameScope(both, reader.ids, aliases=frozenset(reader.aliases)))
        if guard(typed) is not None or typed.approximate or typed.type != BOOLEAN:
            raise Unproven("a condition of a join that may raise an error")
        condition, shared = write(typed), frozenset[int]()
    elif step.join_type == pb.Join.JOIN_TYPE_CROSS:
        condition, shared = "true", frozenset[int]()
    else:
        raise Unproven("a join without a condition")
    first = [find_column(left.columns, name) for name in step.using_columns]
    others = [one for one in left.columns if one.number not in shared]
    if kind in ("SEMI", "ANTI"):
        sql = (
            f"SELECT * FROM ({left.sql}) AS l WHERE {'NOT ' if kind == 'ANTI' else ''}"  # noqa: S608 - generated names only
            f"EXISTS (SELECT 1 FROM ({right.sql}) AS r WHERE {condition})"
        )
        return _joined(sql, (*first, *others), asked)
    outer = kind == "LEFT"
    rest = [replace(one, nullable=True) if outer else one for one in right.columns]
    columns = (*first, *others, *(one for one in rest if one.number not in shared))
    names = [column_name(one) for one in columns if not isinstance(one.type, Other)]
    parts = ", ".join(names) or "1 AS nothing"
    sql = f"SELECT {parts} FROM ({left.sql}) AS l {kind} JOIN ({right.sql}) AS r ON {condition}"  # noqa: S608 - generated names only
    return _joined(sql, columns, asked)


def _settled(side: Rows) -> Rows:
    """A side of a join; what is not proven of its rows is asked of all of them.

    Spark computes no more of them: only conditions pass from one side of a join to the other.
    """
    if side.guards or side.most is not None:
        raise Unproven("a join of limited rows, or of such as a condition has left that may raise an error")
    plain = unflagged(side, None)
    return replace(plain, guards=(), asked=(*plain.asked, *plain.guards))


def _joined(sql: str, columns: tuple[Column, ...], asked: tuple[str, ...]) -> Rows:
    refuse_twice(columns)
    return Rows(sql, columns, "open", asked=asked, equated=True)


def _using(left: Rows, right: Rows, names: Sequence[str]) -> tuple[str, frozenset[int]]:
    """The condition of a join by names, and the columns of both sides that it makes one."""
    conditions, shared = list[str](), set[int]()
    for name in names:
        one, other = find_column(left.columns, name), find_column(right.columns, name)
        if one.type != other.type or not is_ordered(one.type) or one.approximate or other.approximate:
            raise Unproven("a join by columns of different types")
        if name != one.name or one.name != other.name:
            raise Unproven("a join by names that are spelled differently")
        conditions.append(f"({column_name(one)} = {column_name(other)})")
        shared |= {one.number, other.number}
    return " AND ".join(conditions), frozenset(shared)


def refuse_twice(columns: Sequence[Column]) -> None:
    """See that no column is there twice.

    Raises:
        Unproven: rows are joined with themselves.
    """
    if len({column.number for column in columns}) < len(columns):
        raise Unproven("a join of rows with themselves")


_JOINS: Final[Mapping[int, str]] = {
    pb.Join.JOIN_TYPE_INNER: "INNER",
    pb.Join.JOIN_TYPE_CROSS: "INNER",
    pb.Join.JOIN_TYPE_LEFT_OUTER: "LEFT",
    pb.Join.JOIN_TYPE_LEFT_SEMI: "SEMI",
    pb.Join.JOIN_TYPE_LEFT_ANTI: "ANTI",
}


def hint(reader: NativeReader, relation: pb.Relation) -> Rows:
    """Rows about which Spark is told how to join them, which says nothing but that it may."""
    if relation.hint.name.lower() not in ("broadcast", "merge", "shuffle_hash", "shuffle_replicate_nl"):
        raise Unproven("a hint of another kind")
    rows = reader.read(relation.hint.input)
    if rows.order == "file" or isinstance(rows.order, Whole | Hashed):
        return replace(rows, order="open")
    return rows


def set_operation(reader: NativeReader, relation: pb.Relation) -> Rows:
    """The union, intersection or difference of two relations."""
    step = relation.set_op
    left, right = reader.read(step.left_input), reader.read(step.right_input)
    operator = _SET_OPERATORS.get((step.set_op_type, step.is_all))
    if operator is None:
        raise Unproven("a set operation of this kind")
    left, right = _settled(left), _settled(right)
    if step.by_name and step.allow_missing_columns:
        left, right = _completed(reader, left, right), _completed(reader, right, left)
    if len(left.columns) != len(right.columns):
        raise Unproven("a set operation on different numbers of columns")
    others = right.columns
    if step.by_name:
        others = tuple(find_column(right.columns, one.name or "") for one in left.columns)
        if len({one.number for one in others}) < len(others):
            raise Unproven("a set operation by names that are not all different")
    columns = list[Column]()
    for one, other in zip(left.columns, others, strict=True):
        floats = operator != "UNION ALL" and one.type in FLOATS
        if one.type != other.type or not is_ordered(one.type) or floats:
            raise Unproven("a set operation on columns of different or unusual types")
        made = reader.column(Ref(one), one.name)
        nullable = {
            "UNION ALL": one.nullable or other.nullable,
            "INTERSECT": one.nullable and other.nullable,
            "EXCEPT": one.nullable,
        }[operator]
        columns.append(replace(made, nullable=nullable, approximate=one.approximate or other.approximate))
    if operator != "UNION ALL" and any(one.approximate for one in columns):
        raise Unproven("a set operation on values whose last bits are not fixed")
    first = select(
        [f"{column_name(a)} AS {column_name(b)}" for a, b in zip(left.columns, columns, strict=True)],
        left.sql,
    )
    second = select([column_name(one) for one in others], right.sql)
    sql, asked = f"({first}) {operator} ({second})", (*left.asked, *right.asked)
    return Rows(sql, tuple(columns), "open", asked=asked, equated=left.equated or right.equated)


def _completed(reader: NativeReader, rows: Rows, other: Rows) -> Rows:
    """Rows with nulls in the columns that only the others have."""
    refuse_unknown(rows)
    refuse_unknown(other)
    here = {(one.name or "").lower() for one in rows.columns}
    missing = [one for one in other.columns if (one.name or "").lower() not in here]
    nulls = [Item(Value(None, one.type), one.name) for one in missing]
    if not missing:
        return rows
    return projected_items(
        reader, rows, [Item(Ref(one), one.name, kept=True) for one in rows.columns] + nulls
    )


_SET_OPERATORS: Final[Mapping[tuple[int, bool], str]] = {
    (pb.SetOperation.SET_OP_TYPE_UNION, True): "UNION ALL",
    (pb.SetOperation.SET_OP_TYPE_INTERSECT, False): "INTERSECT",
    (pb.SetOperation.SET_OP_TYPE_EXCEPT, False): "EXCEPT",
}
