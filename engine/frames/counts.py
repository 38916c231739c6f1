"""One query for each segment group that finds its members and counts their rows, by window. Pure.

The rows are grouped by the keys of the group's axes and the window. Where members must be found, or values
were given, the few rows of that first grouping are ranked, and all that get no segment are summed up, so that
what travels is bounded by the segments and not by the values of the field: a field may have millions.

Columns of the answer, in this order; those that a group does not need are left out:
    p0, p1  place of the member on a keyed axis, from 1; 0: no member
    k0, k1  the value, where members are found; null at place 0
    w       index of the window
    n       rows
    m0, m1  the highest rank of a value at this place
    t0 ...  rows in each term; for a cross of terms in each pair, the second side running faster
    c       rows in any term; for a cross of terms in any pair
The names in the engine's own SQL text here are these and no others.
"""

from __future__ import annotations

from itertools import product

import pyspark.sql.connect.proto as pb

from engine.frames.axes import GroupAxes, KeyedAxis, TermAxis
from engine.frames.build import (
    aggregated,
    all_of,
    any_of,
    call,
    case,
    column,
    filtered,
    long,
    named,
    projected,
    sql,
)
from engine.frames.fields import Field
from engine.frames.plan import FramePlan
from engine.frames.values import equals

_NO_GROUP = GroupAxes("", ())


def count_queries(plan: FramePlan, source: pb.Relation) -> tuple[pb.Relation, ...]:
    """The queries to run, one for each segment group in order; one at all if there is no group.

    Args:
        plan: from `plan_frames`.
        source: all rows of the dataset.
    """
    inside = filtered(source, plan.inside)
    window = plan.clock.window_index(plan.windows) if plan.clock is not None and plan.windows else None
    return tuple(_count_query(group, inside, window) for group in plan.groups or (_NO_GROUP,))


def _count_query(group: GroupAxes, rows: pb.Relation, window: pb.Expression | None) -> pb.Relation:
    keyed = {i: axis for i, axis in enumerate(group.axes) if isinstance(axis, KeyedAxis)}
    ranked = {i: axis for i, axis in keyed.items() if axis.field is not None}
    keys = [named(axis.key, f"k{i}" if i in ranked else f"p{i}") for i, axis in keyed.items()]
    keys += [] if window is None else [named(window, "w")]
    terms = _term_counts([axis for axis in group.axes if isinstance(axis, TermAxis)])
    counts = ["n", *(name for name, _ in terms)]
    grouped = aggregated(
        rows,
        keys,
        [named(call("count", long(1)), "n"), *(named(call("count_if", when), name) for name, when in terms)],
    )
    plain = [f"p{i}" for i in keyed if i not in ranked] + ([] if window is None else ["w"])
    return _rank(grouped, ranked, plain, counts) if ranked else grouped


def _term_counts(axes: list[TermAxis]) -> list[tuple[str, pb.Expression]]:
    """Name and condition of each count of terms."""
    if not axes:
        return []
    conditions = [[member.condition for member in axis.members] for axis in axes]
    each = [all_of(choice) for choice in product(*conditions)]
    covered = all_of([any_of(side) for side in conditions])
    return [*((f"t{i}", condition) for i, condition in enumerate(each)), ("c", covered)]


def _rank(
    grouped: pb.Relation, axes: dict[int, KeyedAxis], plain: list[str], counts: list[str]
) -> pb.Relation:
    """Give values their places, and sum up those without a place.

    Found values are ranked most frequent first, ties by value, NaN after all numbers, null last. Where values
    were given, those without a place come first in rank, so that the highest of their ranks is their count.
    """
    stage = projected(grouped, [sql("*"), *(_first_column(i, axis) for i, axis in axes.items())])
    stage = projected(stage, [sql("*"), *(_rank_column(i, axis) for i, axis in axes.items())])
    keys = [*(key for i, axis in axes.items() for key in _place_columns(i, axis)), *map(column, plain)]
    sums = [named(sql(f"sum({name})"), name) for name in counts]
    highest = [named(sql(f"max(r{i})"), f"m{i}") for i in axes]
    return aggregated(stage, keys, [*sums, *highest])


def _first_column(i: int, axis: KeyedAxis) -> pb.Expression:
    """What the rank is ordered by: the rows of each value, or the place of each value among given ones."""
    if axis.members is None:
        return named(sql(f"sum(n) OVER (PARTITION BY k{i})"), f"s{i}")
    assert axis.field is not None
    key = Field(axis.field.name, column(f"k{i}"), axis.field.type)
    places = [(equals(key, member.value), long(place)) for place, member in enumerate(axis.members, 1)]
    return named(case(places, long(0)), f"p{i}")


def _rank_column(i: int, axis: KeyedAxis) -> pb.Expression:
    first = f"s{i} DESC" if axis.members is None else f"p{i} ASC"
    return named(sql(f"dense_rank() OVER (ORDER BY {first}, k{i} ASC NULLS LAST)"), f"r{i}")


def _place_columns(i: int, axis: KeyedAxis) -> list[pb.Expression]:
    if axis.members is not None:
        return [column(f"p{i}")]
    return [
        named(sql(f"CASE WHEN r{i} <= {axis.top} THEN r{i} ELSE 0 END"), f"p{i}"),
        named(sql(f"CASE WHEN r{i} <= {axis.top} THEN k{i} END"), f"k{i}"),
    ]
