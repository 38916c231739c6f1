"""Several plans over one scan: the states of a filtered plan, computed over unfiltered rows. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pyspark.sql.connect.proto as pb

from engine.spark.fusion.cells.states import conjunction, state_under
from engine.spark.plans.trees import copy, walk

if TYPE_CHECKING:
    from engine.spark.fusion.cells.plan import CellsPlan

_M = TypeVar("_M", pb.Expression, pb.Relation)


def guardable(plan: CellsPlan) -> bool:
    """Whether the steps below the aggregate are filters only, or none."""
    return all(step.WhichOneof("rel_type") == "filter" for step in plan.lower)


def row_condition(plan: CellsPlan) -> pb.Expression | None:
    """The condition of a guardable plan upon rows of the frame; None for all rows."""
    return conjunction([unbound(step.filter.condition) for step in plan.lower])


def states_under(plan: CellsPlan, condition: pb.Expression | None) -> tuple[pb.Expression, ...]:
    """The states of a guardable plan, computed for the rows alone for which a condition is true.

    Args:
        plan: a plan that `guardable` accepts.
        condition: over columns of the frame, as `row_condition` gives it; None for all rows.

    Returns:
        As many as the plan has, in its order. They name columns without the ids of plans, since several
        plans share the rows.
    """
    states = tuple(unbound(state) for state in plan.states)
    return states if condition is None else tuple(state_under(state, condition) for state in states)


def unbound(message: _M) -> _M:
    """A copy whose columns are looked up by name alone: all relations below have the same ones."""
    result = copy(message)
    for here in walk(result):
        if isinstance(here, pb.Expression.UnresolvedAttribute):
            here.ClearField("plan_id")
    return result
