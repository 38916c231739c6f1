"""Steps that say which columns there are: select, toDF, unpivot. Pure."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb

from engine.frames.build import column, named
from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.group_keys.aggregates import select_aggregates
from engine.spark.fusion.group_keys.content import bare_name, check_content
from engine.spark.fusion.group_keys.rewrite import columns_named, extend, selected
from engine.spark.fusion.group_keys.state import ChainState, StepPlace
from engine.spark.plans.trees import copy


def project(state: ChainState, step: pb.Relation, place: StepPlace) -> ChainState:
    """`select`: the carried columns come last. With aggregates it is an aggregate of all rows."""
    content = check_content(step.project, allow=("aggregates", "windows", "generators"))
    if content.traits.aggregates:
        return select_aggregates(state, step, place)
    if content.may_remove:
        state.check_may_remove("a function that makes rows")
    if content.traits.windows:
        state.check_may_mix("a window")
    items = selected(step.project.expressions, place)
    return state.then(_projection(step, [*items, *columns_named(state.carried)]))


def to_df(state: ChainState, step: pb.Relation, place: StepPlace) -> ChainState:
    """`toDF`: a select with new names, as it would want one for each carried column too."""
    names = place.columns()
    if len(names) != len(step.to_df.column_names):
        raise NotFusable("toDF with another number of columns")
    items = [named(column(old), new) for old, new in zip(names, step.to_df.column_names, strict=True)]
    return state.then(_projection(step, [*items, *columns_named(state.carried)]))


def unpivot(state: ChainState, step: pb.Relation, place: StepPlace) -> ChainState:
    """`unpivot`: the carried columns are among the ids, and no longer among "all other columns"."""
    check_content(step.unpivot)
    state.check_may_mix("an unpivot")
    raised = copy(step)
    body = raised.unpivot
    ids = [bare_name(item) for item in body.ids]
    if None in ids or any(bare_name(item) is None for item in body.values.values):
        raise NotFusable("an unpivot of something other than columns")
    if not all(name is not None and name.isascii() for name in ids):
        raise NotFusable("an unpivot by names whose case is not known to be folded alike")
    if not body.HasField("values"):
        others = [name for name in place.columns() if name.lower() not in ids]
        body.values.SetInParent()
        extend(body.values.values, columns_named(others))
    extend(body.ids, columns_named(state.carried))
    return state.then(raised, single_row=False)


def _projection(step: pb.Relation, items: list[pb.Expression]) -> pb.Relation:
    raised = pb.Relation(common=step.common)
    raised.project.SetInParent()
    extend(raised.project.expressions, items)
    return raised
