"""Conditions and values of the steps that are short for others: `dropna`, `fillna`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import pyspark.sql.connect.proto as pb

from engine.spark.native import coercion
from engine.spark.native.names import find_column, part_of
from engine.spark.native.tree import Column, Expr, Ref, Value
from engine.spark.native.types import BOOLEAN, FLOATS, NUMBERS, STRING, Decimal, Other
from engine.spark.native.unproven import Unproven


def is_kept(columns: Sequence[Column], step: pb.NADrop) -> Expr:
    """Whether `dropna` keeps a row: enough columns are neither null nor NaN."""
    chosen = [find_column(columns, part_of(name)) for name in step.cols] or list(columns)
    present = [_is_present(column) for column in chosen]
    least = step.min_non_nulls if step.HasField("min_non_nulls") else len(present)
    if least <= 0 or least not in (1, len(present)):
        raise Unproven("dropna with a threshold")
    joined = "and" if least == len(present) else "or"
    return reduce(lambda one, other: coercion.call(joined, (one, other)), present)


def filled(columns: Sequence[Column], step: pb.NAFill, constants: Sequence[Value]) -> list[Expr]:
    """What `fillna` makes of each column."""
    chosen = [find_column(columns, part_of(name)) for name in step.cols] or list(columns)
    if len(constants) not in (1, len(chosen)) or (len(constants) > 1 and not step.cols):
        raise Unproven("fillna with a wrong number of values")
    values = list(constants) * len(chosen) if len(constants) == 1 else list(constants)
    if len(set(chosen)) < len(chosen):
        raise Unproven("fillna of a column twice")
    by_column = dict(zip(chosen, values, strict=False))
    if len(constants) > 1 and not all(_is_for(one, value) for one, value in by_column.items()):
        raise Unproven("fillna of several columns with a value of another type, which Spark casts")
    return [_filled(column, by_column.get(column)) for column in columns]


def _is_present(column: Column) -> Expr:
    if isinstance(column.type, Other):
        raise Unproven("dropna of nested or unusual columns")
    there = coercion.call("isnotnull", (Ref(column),))
    if column.type not in FLOATS:
        return there
    return coercion.call("and", (there, coercion.call("not", (coercion.call("isnan", (Ref(column),)),))))


def _filled(column: Column, value: Value | None) -> Expr:
    if value is None or not _is_for(column, value):
        return Ref(column)
    here: Expr = Ref(column)
    if column.type in FLOATS:
        here = coercion.call("nanvl", (here, Value(None, column.type)))
    return coercion.coalesce((here, coercion.cast(value, column.type)))


def _is_for(column: Column, value: Value) -> bool:
    """Whether a value is of the kind of a column; others are passed over."""
    if value.type in NUMBERS:
        return column.type in NUMBERS or isinstance(column.type, Decimal)
    if value.type in (STRING, BOOLEAN):
        return column.type == value.type
    raise Unproven("fillna with a value of an unusual type")
