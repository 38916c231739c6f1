"""Aggregates: the keys are grouped by as well. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.group_keys.content import bare_name, check_content, check_no_ordinal, check_sketches
from engine.spark.fusion.group_keys.ordered import check_orderless
from engine.spark.fusion.group_keys.rewrite import columns_named, extend, rewritten, selected
from engine.spark.fusion.group_keys.state import ChainState, StepPlace
from engine.spark.plans.trees import walk

# Columns of one cube: it has two to the power of them grouping sets.
_MAX_CUBE: Final = 5


def aggregate(state: ChainState, step: pb.Relation, place: StepPlace) -> ChainState:
    """`groupBy`, `rollup`, `cube`, `groupingSets`, `pivot`, `agg`."""
    body = step.aggregate
    state.check_may_mix("an aggregate")
    grouping = check_content(*body.grouping_expressions, body.pivot.col)
    for item in body.grouping_expressions:
        check_no_ordinal(item)
    if grouping.may_remove:
        state.check_may_remove("a grouping by time windows")
    _check_aggregates(body.aggregate_expressions)
    keys = columns_named(place.keys)
    groups = [rewritten(item, place) for item in body.grouping_expressions]
    items = selected(body.aggregate_expressions, place, before=len(groups))
    raised = _aggregation(step, [*groups, *keys], items)
    # Rows of a total are there without any row to group.
    total = state.total or not any(_looks_at_columns(item) for item in groups)
    match body.group_type:
        case pb.Aggregate.GROUP_TYPE_GROUPBY:
            single = not groups or state.single_row
            return state.then(raised, total=total, single_row=single)
        case pb.Aggregate.GROUP_TYPE_PIVOT:
            if not body.pivot.values:
                raise NotFusable("a pivot without values")
            raised.aggregate.group_type = body.group_type
            raised.aggregate.pivot.CopyFrom(body.pivot)
            return state.then(raised, total=total, single_row=False)
        case _:
            raised.aggregate.group_type = pb.Aggregate.GROUP_TYPE_GROUPING_SETS
            for members in _grouping_sets(body):
                extend(raised.aggregate.grouping_sets.add().grouping_set, [*members, *keys])
            return state.then(raised, total=True, single_row=False)


def select_aggregates(state: ChainState, step: pb.Relation, place: StepPlace) -> ChainState:
    """`select` of aggregates, which is an aggregate of all rows."""
    state.check_may_mix("an aggregate")
    _check_aggregates(step.project.expressions)
    items = selected(step.project.expressions, place)
    raised = _aggregation(step, columns_named(place.keys), items)
    return state.then(raised, total=True, single_row=True)


def _check_aggregates(expressions: Sequence[pb.Expression]) -> None:
    content = check_content(*expressions, allow=("aggregates", "windows"))
    if content.traits.windows:
        raise NotFusable("a window over aggregates")
    check_sketches(content.functions)
    check_orderless(*expressions)


def _aggregation(
    step: pb.Relation, groups: Sequence[pb.Expression], items: Sequence[pb.Expression]
) -> pb.Relation:
    raised = pb.Relation(common=step.common)
    raised.aggregate.group_type = pb.Aggregate.GROUP_TYPE_GROUPBY
    extend(raised.aggregate.grouping_expressions, groups)
    extend(raised.aggregate.aggregate_expressions, items)
    return raised


def _grouping_sets(body: pb.Aggregate) -> list[list[pb.Expression]]:
    """The sets of a rollup, a cube or grouping sets, of plain columns."""
    columns = list(body.grouping_expressions)
    names = [bare_name(item) for item in columns]
    if None in names or len(set(names)) != len(names):
        raise NotFusable("a rollup, cube or grouping sets of something other than columns")
    match body.group_type:
        case pb.Aggregate.GROUP_TYPE_ROLLUP:
            return [columns[:length] for length in range(len(columns), -1, -1)]
        case pb.Aggregate.GROUP_TYPE_CUBE if len(columns) <= _MAX_CUBE:
            lengths = range(len(columns), -1, -1)
            return [list(members) for length in lengths for members in combinations(columns, length)]
        case pb.Aggregate.GROUP_TYPE_GROUPING_SETS:
            sets = [list(item.grouping_set) for item in body.grouping_sets]
            if all(member in columns for members in sets for member in members):
                return sets
    raise NotFusable("grouping sets of other columns, or too many")


def _looks_at_columns(expression: pb.Expression) -> bool:
    named = pb.Expression.UnresolvedAttribute | pb.Expression.ExpressionString
    return any(isinstance(here, named) for here in walk(expression))
