"""The key of a row among buckets. Pure.

Where a bucket begins in equal steps of whole numbers or days, its place costs one division and not one
comparison for each bucket.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from itertools import pairwise
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.frames.build import call, case, literal, long, to_long
from engine.frames.fields import Field
from engine.frames.values import FLOATS, edge_literal, within
from engine.models.segment_checks import Edge

# With fewer buckets, comparing is as fast.
_LEAST_BUCKETS: Final = 4
_NUMBERS: Final = {"byte": "long", "short": "long", "integer": "long", "long": "long", "date": "date"}


def bucket_place(
    field: Field, edges: Sequence[Edge], conditions: Sequence[pb.Expression], zone: tzinfo, what: str
) -> pb.Expression:
    """The place of a row's bucket, from 1; 0 if it is in none.

    Args:
        field: one that has an order with the edges.
        edges: ascending.
        conditions: those of the buckets, in order, those of the open ends, if there are, included.
        zone: where a date edge of a timestamp begins.
        what: who asks, for messages.
    """
    numbers = _whole_edges(field, edges, zone)
    step = _equal_step(numbers)
    open_ends = len(conditions) > len(edges)
    if step is None:
        return _passed_edges(field, edges, conditions if open_ends else (), zone)
    number = call("unix_date", field.expression) if field.kind == "date" else field.expression
    passed = call("div", call("-", to_long(number), long(numbers[0])), long(step))
    # Only within the edges is the difference sure to be a BIGINT.
    branches = [(within(field, edges[0], edges[-1], zone, what), call("+", passed, long(1 + open_ends)))]
    if open_ends:
        branches += [(conditions[0], long(1)), (conditions[-1], long(len(conditions)))]
    return case(branches, long(0))


def _passed_edges(
    field: Field, edges: Sequence[Edge], open_ends: Sequence[pb.Expression], zone: tzinfo
) -> pb.Expression:
    """The place by one comparison for each edge; `open_ends` are all conditions if the ends are open."""
    branches = [(call("isnan", field.expression), long(0))] if field.kind in FLOATS else []
    for place, edge in enumerate(edges, 1 if open_ends else 0):
        bound = edge_literal(field, edge, zone)
        assert bound is not None
        branches.append((call("<", field.expression, literal(bound)), long(place)))
    if open_ends:
        branches.append((open_ends[-1], long(len(open_ends))))
    return case(branches, long(0))


def place_of(conditions: Sequence[pb.Expression]) -> pb.Expression:
    """The place of the one condition that is true for a row, from 1; 0 if none is."""
    return case([(condition, long(place)) for place, condition in enumerate(conditions, 1)], long(0))


def _whole_edges(field: Field, edges: Sequence[Edge], zone: tzinfo) -> list[int]:
    """The first whole number, or day, of each bucket; none for a field of another type."""
    kind = _NUMBERS.get(field.kind)
    if kind is None:
        return []
    return [int(getattr(edge_literal(field, edge, zone), kind)) for edge in edges]


def _equal_step(numbers: Sequence[int]) -> int | None:
    """The length of all buckets; None if they differ, are too few, or do not fit a BIGINT together."""
    steps = {high - low for low, high in pairwise(numbers)}
    if len(numbers) <= _LEAST_BUCKETS or len(steps) > 1 or numbers[-1] - numbers[0] >= 1 << 63:
        return None
    step = steps.pop()
    return step if step > 0 else None
