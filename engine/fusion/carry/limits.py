"""Limits: of a single row they do nothing, above a sort they are a rank. Pure."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb

from engine.fusion.carry.state import Place, State
from engine.fusion.unfused import Unfused


def limit(state: State, step: pb.Relation, _place: Place) -> State:
    """`limit`, `first`, `head`, `take`; a sort below has seen it already."""
    if step.limit.limit < 1:
        raise Unfused("a limit of no rows")
    if state.single_row or (state.rank is not None and state.in_order):
        return state.then(_nothing(step))
    raise Unfused("a limit without a sort right below")


def _nothing(step: pb.Relation) -> pb.Relation:
    """A step that keeps all rows, and the plan id that columns may refer to."""
    raised = pb.Relation(common=step.common)
    raised.filter.condition.literal.boolean = True
    return raised
