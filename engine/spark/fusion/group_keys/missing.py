"""Missing and replaced values: "all columns" are the guest's. Pure."""

from __future__ import annotations

from collections.abc import MutableSequence

import pyspark.sql.connect.proto as pb

from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.group_keys.state import ChainState, StepPlace
from engine.spark.plans.trees import copy


def fill_or_replace(state: ChainState, step: pb.Relation, place: StepPlace) -> ChainState:
    """`fillna`, `replace`."""
    return state.then(_of_named_columns(step, place))


def drop_na(state: ChainState, step: pb.Relation, place: StepPlace) -> ChainState:
    """`dropna`."""
    state.check_may_remove("dropna")
    return state.then(_of_named_columns(step, place))


def _of_named_columns(step: pb.Relation, place: StepPlace) -> pb.Relation:
    named = _columns_of(step)
    if "*" in named:
        raise NotFusable("missing values of columns that cannot be named")
    if named:
        return step
    names = place.columns()
    if not names or any("." in name or "`" in name for name in names):
        raise NotFusable("missing values of columns that cannot be named")
    raised = copy(step)
    _columns_of(raised).extend(names)
    return raised


def _columns_of(step: pb.Relation) -> MutableSequence[str]:
    """The list of the columns that such a step looks at; empty: all."""
    match step.WhichOneof("rel_type"):
        case "fill_na":
            return step.fill_na.cols
        case "drop_na":
            return step.drop_na.cols
    return step.replace.cols
