"""Steps that look at one row at a time and keep the key columns by themselves. Pure."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb

from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.group_keys.content import check_content
from engine.spark.fusion.group_keys.rewrite import rewritten
from engine.spark.fusion.group_keys.state import ChainState, StepPlace


def keep_filter(state: ChainState, step: pb.Relation, place: StepPlace) -> ChainState:
    """`filter`: kept."""
    state.check_may_remove("a filter")
    check_content(step.filter)
    return state.then(rewritten(step, place))


def keep_with_columns(state: ChainState, step: pb.Relation, place: StepPlace) -> ChainState:
    """`withColumn`: kept, with windows parted by the keys."""
    content = check_content(step.with_columns, allow=("windows", "generators"))
    if content.may_remove:
        state.check_may_remove("a function that makes rows")
    if content.traits.windows:
        state.check_may_mix("a window")
    return state.then(rewritten(step, place))


def keep_drop(state: ChainState, step: pb.Relation, _place: StepPlace) -> ChainState:
    """`drop`: kept; nobody can name a key column."""
    if any(item.WhichOneof("expr_type") != "unresolved_attribute" for item in step.drop.columns):
        raise NotFusable("a drop of something other than columns")
    return state.then(step)


def keep(state: ChainState, step: pb.Relation, _place: StepPlace) -> ChainState:
    """`withColumnRenamed`, `alias`: kept as they are."""
    return state.then(step)


def keep_stirring(state: ChainState, step: pb.Relation, place: StepPlace) -> ChainState:
    """`repartition`, `hint`: kept, but rows may come in another order."""
    check_content(step)
    return state.then(rewritten(step, place), in_order=False)
