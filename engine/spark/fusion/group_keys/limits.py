"""Limits: of a single row they do nothing, above a sort they are a rank. Pure."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb

from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.group_keys.state import ChainState, StepPlace


def limit(state: ChainState, step: pb.Relation, place: StepPlace) -> ChainState:
    """`limit`, `first`, `head`, `take`; a sort below has seen it already."""
    if step.limit.limit < 1:
        raise NotFusable("a limit of 0 rows")
    if state.single_row or (state.rank is not None and state.in_order):
        return state.then(_nothing(step))
    if step.limit.limit == 1 and state.rank is None and _has_no_columns(place):
        return state.then(_one(step) if place.keys else step)
    raise NotFusable("a limit without a sort right below")


def _has_no_columns(place: StepPlace) -> bool:
    """Whether rows have no columns, as `isEmpty` wants them, so that one is like the other."""
    below = place.chain.steps[place.index - 1] if place.index else place.chain.read
    return below.WhichOneof("rel_type") == "project" and not below.project.expressions


def _one(step: pb.Relation) -> pb.Relation:
    raised = pb.Relation(common=step.common)
    raised.deduplicate.all_columns_as_keys = True
    return raised


def _nothing(step: pb.Relation) -> pb.Relation:
    """A step that keeps all rows, and the plan id that columns may refer to."""
    raised = pb.Relation(common=step.common)
    raised.filter.condition.literal.boolean = True
    return raised
