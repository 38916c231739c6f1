"""Segment groups: rules that yield segments along one axis, or along two. Pure; trusted side.

All that can be known without the data is checked here, at construction, so that a mistake is an error
on the caller's own line. `SegmentGroup` is the public name; the rules are its four subclasses, which
`engine.frames` tells apart by type. Expressions are only held: they are checked with the data's schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import TypeVar, cast

from engine.errors import UsageError
from engine.models.frame import Scalar
from engine.models.segment_checks import MAX_MEMBERS, Edge, check_edges, check_name, check_values

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class SegmentGroup:
    """A rule that yields segments. Made by its static methods only."""

    def __post_init__(self) -> None:
        raise UsageError(
            "make segment groups with SegmentGroup.by_value(...), .by_buckets(...), .where(...), ..."
        )

    @property
    def name(self) -> str | tuple[str, str]:
        """What results call the group."""
        raise NotImplementedError

    @staticmethod
    def by_value(field: str, top: int = 100, values: Iterable[Scalar] | None = None) -> Values:
        """Each value of a field its own segment; null and NaN are values, too.

        Args:
            field: a column, or a dotted path into a struct column.
            top: how many values at most, most frequent first, ties by value. Not used with `values`.
            values: just these, in this order; those that do not occur are segments without rows.

        Raises:
            UsageError: no name, a top that is not positive, no values, duplicate ones, or mixed types.
        """
        return Values(field, top, None if values is None else _tuple_of(values, "values"))

    @staticmethod
    def by_buckets(field: str, edges: Iterable[Edge], outer: bool = False) -> Buckets:
        """Half-open buckets `[lo, hi)` between ascending edges. Null and NaN fall in none.

        Args:
            field: a column of numbers, dates or timestamps, or a dotted path into a struct column.
            edges: at least two, or one with `outer`; numbers, dates, or aware datetimes.
            outer: also the two open ends, labelled "(-inf,18)" and "[65,inf)".

        Raises:
            UsageError: too few edges, not ascending, not finite, or of mixed types.
        """
        return Buckets(field, _tuple_of(edges, "edges"), outer)

    @staticmethod
    def where(label: str, expression: str) -> Terms:
        """The rows for which a Boolean SQL expression is true.

        Raises:
            UsageError: no label or no expression.
        """
        return Terms(((label, expression),))

    @staticmethod
    def by_terms(terms: Mapping[str, str], name: str | None = None) -> Terms:
        """Several `where` segments, which may overlap, found with one query.

        Args:
            terms: label to Boolean SQL expression.
            name: what results call the group, where another one has a label of these as well; None: in
                results each segment is a group of its own label.

        Raises:
            UsageError: no terms, no label or no expression; or a name that is none.
        """
        if not isinstance(terms, Mapping):
            raise UsageError("by_terms takes a dict of label to expression")
        return Terms(tuple(terms.items()), name)

    @staticmethod
    def cross(a: SegmentGroup, b: SegmentGroup) -> Cross:
        """Every pair of a segment of `a` and one of `b`.

        Raises:
            UsageError: not two different groups, or one that is itself a cross.
        """
        return Cross(a, b)


@dataclass(frozen=True, slots=True)
class Values(SegmentGroup):
    """See `SegmentGroup.by_value`."""

    field: str
    top: int = 100
    values: tuple[Scalar, ...] | None = None

    def __post_init__(self) -> None:
        check_name(self.field, "the column of segments")
        if isinstance(self.top, bool) or not isinstance(self.top, int) or not 0 < self.top <= MAX_MEMBERS:
            raise UsageError(
                f"segments by {self.field!r}: top must be from 1 to {MAX_MEMBERS}, not {self.top!r}"
            )
        if self.values is not None:
            check_values(self.field, self.values)

    @property
    def name(self) -> str:
        """The field."""
        return self.field


@dataclass(frozen=True, slots=True)
class Buckets(SegmentGroup):
    """See `SegmentGroup.by_buckets`."""

    field: str
    edges: tuple[Edge, ...]
    outer: bool = False

    def __post_init__(self) -> None:
        check_name(self.field, "the column of buckets")
        check_edges(f"buckets of {self.field!r}", self.edges, 1 if self.outer else 2)

    @property
    def name(self) -> str:
        """The field."""
        return self.field

    def bounds(self) -> tuple[tuple[Edge | None, Edge | None], ...]:
        """Lower and upper edge of each bucket, in order; None for an open end."""
        inner: list[tuple[Edge | None, Edge | None]] = list(pairwise(self.edges))
        if self.outer:
            return ((None, self.edges[0]), *inner, (self.edges[-1], None))
        return tuple(inner)


@dataclass(frozen=True, slots=True)
class Terms(SegmentGroup):
    """See `SegmentGroup.where` and `SegmentGroup.by_terms`."""

    terms: tuple[tuple[str, str], ...]
    called: str | None = None

    def __post_init__(self) -> None:
        if self.called is not None:
            check_name(self.called, "the name of a group of conditions")
        if not 0 < len(self.terms) <= MAX_MEMBERS:
            raise UsageError(
                f"a group of conditions needs from 1 to {MAX_MEMBERS} terms, not {len(self.terms)}"
            )
        for label, expression in self.terms:
            check_name(label, "the label of a condition")
            if not isinstance(expression, str) or not expression.strip():
                raise UsageError(f'segment {label!r}: the expression must be Boolean SQL such as "age >= 18"')

    @property
    def name(self) -> str:
        """What it was called, else the labels, joined with " | "."""
        return self.called or " | ".join(label for label, _ in self.terms)


@dataclass(frozen=True, slots=True)
class Cross(SegmentGroup):
    """See `SegmentGroup.cross`."""

    a: SegmentGroup
    b: SegmentGroup

    def __post_init__(self) -> None:
        for side in (self.a, self.b):
            if isinstance(side, Cross):
                raise UsageError("a cross takes two plain groups; to cross three, use conditions")
            if not isinstance(side, SegmentGroup):
                raise UsageError(f"cross takes two segment groups, not {type(side).__name__}")
        if self.a == self.b:
            raise UsageError(
                f"a cross of {self.a.name!r} with itself is meaningless; give two different groups"
            )

    @property
    def name(self) -> tuple[str, str]:
        """The names of both."""
        return str(self.a.name), str(self.b.name)


def bucket_label(low: Edge | None, high: Edge | None) -> str:
    """The label of one bucket: "[18,25)", "(-inf,18)", "[65,inf)"."""
    left = "(-inf" if low is None else f"[{_edge_text(low)}"
    return f"{left},{'inf' if high is None else _edge_text(high)})"


def _edge_text(edge: Edge) -> str:
    return edge.isoformat() if isinstance(edge, date) else str(edge)


def _tuple_of(items: Iterable[_Item], what: str) -> tuple[_Item, ...]:
    if isinstance(items, str | bytes) or not isinstance(items, Iterable):
        raise UsageError(f"{what} must be a list, not {items!r}")
    # In UTC, because aware datetimes of one zone compare by their wall clock.
    return tuple(cast(_Item, _in_utc(item)) for item in items)


def _in_utc(item: object) -> object:
    if isinstance(item, datetime) and item.utcoffset() is not None:
        return item.astimezone(UTC)
    return item
