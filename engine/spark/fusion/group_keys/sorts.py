"""Sorts: kept, as each frame's rows keep their order among themselves. Pure.

A limit above a sort becomes a rank within each frame, right at the sort. Where the row number and the
rank of a row differ, another row is its equal, and chance may have chosen; both go along to tell.
"""

from __future__ import annotations

import pyspark.sql.connect.proto as pb

from engine.frames.build import call, column, literal, named
from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.group_keys.base import free_names
from engine.spark.fusion.group_keys.content import bare_name, check_content, check_no_ordinal, content_of
from engine.spark.fusion.group_keys.rewrite import extend, rewritten
from engine.spark.fusion.group_keys.state import ChainState, StepPlace, same_columns
from engine.spark.plans.names import RESERVED_PREFIX
from engine.spark.plans.relation_traits import RowTrait, traits_of
from engine.spark.plans.trees import walk


def sort(state: ChainState, step: pb.Relation, place: StepPlace) -> ChainState:
    """`orderBy`."""
    if not step.sort.is_global:
        raise NotFusable("sortWithinPartitions")
    check_content(step.sort)
    for order in step.sort.order:
        check_no_ordinal(order.child)
    sorted_ = rewritten(step, place)
    most = _limit_above(place)
    if most is None or state.single_row or state.rank is not None:
        return state.then(sorted_, in_order=False)
    _check_order(step.sort, place)
    taken = [*place.keys, *place.columns_of(0)]
    number, rank = free_names(f"{RESERVED_PREFIX}rank", place.chain, taken, 2)
    ranked = pb.Relation()
    for name, function in ((number, "row_number"), (rank, "rank")):
        ranked.with_columns.aliases.add().CopyFrom(named(_over(function, sorted_.sort, place), name).alias)
    return state.then(
        ranked,
        at_most(rank, most),
        sorted_,
        carried=(*state.carried, number, rank),
        rank=(number, rank),
        in_order=True,
    )


def at_most(rank: str, most: int) -> pb.Relation:
    """A step that keeps rows up to a rank."""
    bound = literal(pb.Expression.Literal(integer=most))
    return pb.Relation(filter=pb.Filter(condition=call("<=", column(rank), bound)))


def _limit_above(place: StepPlace) -> int | None:
    """The smallest limit of the rows as they are sorted here."""
    most: int | None = None
    for step in place.above():
        relation_traits = traits_of(step)
        if step.HasField("limit"):
            most = step.limit.limit if most is None else min(most, step.limit.limit)
        elif relation_traits.rows is not RowTrait.KEPT:
            break
        elif relation_traits.by_expressions:
            content = content_of(step)
            if content.may_remove or content.traits.aggregates or content.traits.windows:
                break
    return most


def _check_order(order: pb.Sort, place: StepPlace) -> None:
    """Check that an order means the same below the sort, where ranks are made.

    Raises:
        NotFusable: it names a column that was dropped, or one of a DataFrame that has changed since.
    """
    for here in walk(order):
        if not isinstance(here, pb.Expression.UnresolvedAttribute):
            continue
        name = bare_name(pb.Expression(unresolved_attribute=here))
        if name is not None and name not in {known.lower() for known in place.columns_of(place.index)}:
            raise NotFusable("a limit of rows sorted by a column that was dropped")
        if not here.HasField("plan_id"):
            continue
        for step in place.since(here.plan_id):
            made = [name.lower() for alias in step.with_columns.aliases for name in alias.name]
            kept = step.WhichOneof("rel_type") == "with_columns" and not any(
                name in here.unparsed_identifier.lower() for name in made
            )
            if not kept and not same_columns(step):
                raise NotFusable("a limit of rows sorted by a column of an earlier DataFrame")


def _over(function: str, order: pb.Sort, place: StepPlace) -> pb.Expression:
    """A ranking function over the rows of each frame."""
    result = pb.Expression()
    result.window.window_function.CopyFrom(call(function))
    extend(result.window.partition_spec, (column(key) for key in place.keys))
    extend(result.window.order_spec, order.order)
    return result
