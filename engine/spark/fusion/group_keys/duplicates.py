"""Distinct rows: of each frame, as the keys are among the columns that are compared. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.group_keys.content import bare_name
from engine.spark.fusion.group_keys.state import ChainState, StepPlace
from engine.spark.plans.trees import children, copy, counts_rows


def deduplicate(state: ChainState, step: pb.Relation, place: StepPlace) -> ChainState:
    """`distinct`, `dropDuplicates`; of some columns only if it does not matter which rows are left."""
    state.check_may_mix("distinct rows")
    if step.deduplicate.all_columns_as_keys:
        return state.then(step)
    names = {name.lower() for name in step.deduplicate.column_names}
    if not _ends_with(place.above(), names) and not names >= {name.lower() for name in place.columns()}:
        raise NotFusable("dropDuplicates of some columns, which leaves any one of the rows")
    raised = copy(step)
    raised.deduplicate.column_names.extend(place.keys)
    return state.then(raised)


def _ends_with(steps: Sequence[pb.Relation], names: set[str]) -> bool:
    """Whether steps come to a select or an aggregate, and up to it look at no other columns.

    Above a select, Spark looks for columns of filters and sorts below it too.
    """
    selected = False
    for step in steps:
        kind = step.WhichOneof("rel_type")
        if kind in ("filter", "sort"):
            if not _only(step, names):
                return False
        elif selected:
            continue
        elif kind not in ("project", "aggregate") or not _only(step, names):
            return False
        elif kind == "aggregate":
            return True
        else:
            selected = True
    return selected


def _only(message: Message, names: set[str]) -> bool:
    work = [message]
    while work:
        here = work.pop()
        match here:
            case pb.Expression() if here.WhichOneof("expr_type") == "unresolved_attribute":
                if bare_name(here) not in names:
                    return False
            case pb.Expression.UnresolvedFunction() | pb.CallFunction() if counts_rows(here):
                continue
            case (
                pb.Expression.ExpressionString()
                | pb.Expression.UnresolvedStar()
                | pb.Expression.UnresolvedRegex()
                | pb.SubqueryExpression()
            ):
                return False
        work += children(here)
    return True
