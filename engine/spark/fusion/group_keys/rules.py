"""One rule for each kind of step, and the walk from the frame upwards. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

import pyspark.sql.connect.proto as pb

from engine.frames.not_fusable import NotFusable
from engine.spark.fusion.chain import Chain, stack
from engine.spark.fusion.group_keys.aggregates import aggregate
from engine.spark.fusion.group_keys.duplicates import deduplicate
from engine.spark.fusion.group_keys.limits import limit
from engine.spark.fusion.group_keys.missing import drop_na, fill_or_replace
from engine.spark.fusion.group_keys.projection import project, to_df, unpivot
from engine.spark.fusion.group_keys.rows import keep, keep_drop, keep_filter, keep_stirring, keep_with_columns
from engine.spark.fusion.group_keys.sorts import sort
from engine.spark.fusion.group_keys.state import ChainState, StepPlace

# Puts a step upon what is rewritten so far, or raises NotFusable.
Rule: TypeAlias = Callable[[ChainState, pb.Relation, StepPlace], ChainState]

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "project": project,
        "filter": keep_filter,
        "with_columns": keep_with_columns,
        "drop": keep_drop,
        "with_columns_renamed": keep,
        "to_df": to_df,
        "subquery_alias": keep,
        "hint": keep_stirring,
        "repartition": keep_stirring,
        "repartition_by_expression": keep_stirring,
        "unpivot": unpivot,
        "fill_na": fill_or_replace,
        "replace": fill_or_replace,
        "drop_na": drop_na,
        "aggregate": aggregate,
        "deduplicate": deduplicate,
        "sort": sort,
        "limit": limit,
    }
)


@dataclass(frozen=True, slots=True)
class KeyedPlan:
    """A plan over the rows of many frames.

    Attributes:
        relation: its output has the guest's columns in their order, and the key columns among or after them.
        rank: names of two more columns, of a row's number and rank under a limit. A frame in which they
            differ in any row had ties, among which chance chooses, and must ask for itself.
    """

    relation: pb.Relation
    rank: tuple[str, str] | None


def add_group_keys(
    chain: Chain,
    base: pb.Relation,
    keys: tuple[str, ...],
    columns_of: Callable[[int], tuple[str, ...]],
) -> KeyedPlan:
    """Rewrite a chain so that it computes for many frames at once.

    Args:
        chain: the plan over one frame.
        base: takes the place of its read, from `keyed_base`.
        keys: names of the key columns in it, which occur nowhere else, from `key_names`.
        columns_of: names of the columns that the guest sees above so many steps, 0 for the frame; asked
            only when needed.

    Raises:
        NotFusable: it is not positively known that the answer, split by the keys, is each frame's own.
    """
    state = ChainState(carried=keys)
    for index, step in enumerate(chain.steps):
        kind = str(step.WhichOneof("rel_type"))
        rule = RULES.get(kind)
        if rule is None:
            raise NotFusable(f"a relation of the kind {kind.replace('_', ' ')}")
        state = rule(state, step, StepPlace(chain, index, keys, columns_of))
    return KeyedPlan(stack(base, state.steps), state.rank)
