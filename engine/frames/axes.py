"""Segment groups as axes: what their members are, and which condition or key finds them. Pure.

A keyed axis splits the rows: each row has one key. Its members are fixed (buckets, given values) or found
by the count query (the most frequent values). A term axis has a condition for each member; they may overlap.
A group has one axis, a cross two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from math import prod

import pyspark.sql.connect.proto as pb

from engine.errors import DataError, PlanRefused, UsageError
from engine.frames.buckets import bucket_place
from engine.frames.build import sql
from engine.frames.fields import Field, check_groupable, find_field
from engine.frames.values import canonical, convert, equals, within
from engine.models.frame import Scalar, ValueType
from engine.models.segment_checks import MAX_MEMBERS
from engine.models.segments import Buckets, Cross, SegmentGroup, Terms, Values, bucket_label


@dataclass(frozen=True, slots=True)
class Member:
    """One segment of one axis.

    Attributes:
        group: what results call its group.
        value: what results call it.
        type: how results tell it apart.
        condition: which rows are in it; null counts as no.
    """

    group: str
    value: Scalar
    type: ValueType
    condition: pb.Expression


@dataclass(frozen=True, slots=True)
class KeyedAxis:
    """An axis on which each row has one key.

    Attributes:
        key: the key of a row. For buckets the place of the member, from 1, or 0; else the value itself.
        members: the fixed members, in order; None if the count query finds them.
        field: whose values the members are; None for buckets.
        top: how many members are found at most.
        inside: for buckets the condition that a row is in any of them.
    """

    key: pb.Expression
    members: tuple[Member, ...] | None
    field: Field | None = None
    top: int = 0
    inside: pb.Expression | None = None

    def member(self, value: Scalar) -> Member:
        """The member of a value that the count query found."""
        assert self.field is not None
        value = value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value
        return _value_member(self.field, value)


@dataclass(frozen=True, slots=True)
class TermAxis:
    """An axis of conditions.

    Attributes:
        members: in order; at least one.
    """

    members: tuple[Member, ...]


Axis = KeyedAxis | TermAxis


@dataclass(frozen=True, slots=True)
class GroupAxes:
    """A segment group over known data.

    Attributes:
        name: what results call it; for a cross a pair.
        axes: one, or two for a cross.
    """

    name: str | tuple[str, str]
    axes: tuple[Axis, ...]


def resolve_group(
    group: SegmentGroup, schema: pb.DataType, zone: tzinfo, check_expression: Callable[[str], str]
) -> GroupAxes:
    """Find what a segment group means on data of a schema.

    Args:
        group: a segment group of any kind.
        schema: the data's, a struct.
        zone: where a date edge of a timestamp begins.
        check_expression: returns the text of a Boolean expression to run, or raises PlanRefused.

    Raises:
        DataError: an unknown column, a type that does not fit, or an expression that is refused.
        UsageError: not a segment group.
    """
    sides = (group.a, group.b) if isinstance(group, Cross) else (group,)
    axes = tuple(_resolve(side, schema, zone, check_expression) for side in sides)
    if prod(len(axis.members) for axis in axes if isinstance(axis, TermAxis)) > MAX_MEMBERS:
        raise DataError(f"cross: more than {MAX_MEMBERS} pairs of expressions; use fewer")
    return GroupAxes(group.name, axes)


def with_members(axis: Axis, values: Sequence[Scalar], what: str) -> Axis:
    """An axis whose members are found, with those that were found elsewhere instead; any other as it is.

    Raises:
        DataError: a value is none of the field's type.
    """
    if isinstance(axis, TermAxis) or axis.members is not None or axis.field is None:
        return axis
    field = axis.field
    members = tuple(_value_member(field, convert(field, one, what)) for one in values)
    return replace(axis, members=members, top=0)


def _resolve(
    group: SegmentGroup, schema: pb.DataType, zone: tzinfo, check_expression: Callable[[str], str]
) -> Axis:
    if isinstance(group, Values):
        return _resolve_values(group, schema)
    if isinstance(group, Buckets):
        return _resolve_buckets(group, schema, zone)
    if isinstance(group, Terms):
        terms = (_term(label, text, group.called, check_expression) for label, text in group.terms)
        return TermAxis(tuple(terms))
    raise UsageError(f"segments must be made with SegmentGroup, not {type(group).__name__}")


def _resolve_values(group: Values, schema: pb.DataType) -> KeyedAxis:
    what = f"segments by {group.field!r}"
    field = find_field(schema, group.field, what)
    check_groupable(field, what)
    if group.values is None:
        return KeyedAxis(canonical(field), None, field, group.top)
    values = [convert(field, value, what) for value in group.values]
    return KeyedAxis(canonical(field), tuple(_value_member(field, value) for value in values), field)


def _resolve_buckets(group: Buckets, schema: pb.DataType, zone: tzinfo) -> KeyedAxis:
    what = f"buckets of {group.field!r}"
    field = find_field(schema, group.field, what)
    members = tuple(
        Member(group.field, bucket_label(low, high), "bucket", within(field, low, high, zone, what))
        for low, high in group.bounds()
    )
    key = bucket_place(field, group.edges, [member.condition for member in members], zone, what)
    low, high = (None, None) if group.outer else (group.edges[0], group.edges[-1])
    return KeyedAxis(key, members, inside=within(field, low, high, zone, what))


def _value_member(field: Field, value: Scalar) -> Member:
    kind: ValueType = check_groupable(field, field.name)
    if value is None:
        kind = "null"
    elif value != value:  # only NaN
        kind = "nan"
    return Member(field.name, value, kind, equals(field, value))


def _term(label: str, text: str, called: str | None, check_expression: Callable[[str], str]) -> Member:
    try:
        checked = check_expression(text)
    except PlanRefused as refused:
        raise DataError(f"segment {label!r}: {refused}") from None
    return Member(called or label, label, "where", sql(checked))
