"""What kind of answer a chain has, seen from outside. Pure."""

from __future__ import annotations

from engine.spark.fusion.chain import Chain
from engine.spark.fusion.group_keys.content import content_of
from engine.spark.plans.relation_traits import traits_of


def is_row_wise(chain: Chain) -> bool:
    """Whether each row comes from one row of the frame, from which several may come.

    Whether or not the chain can be carried.
    """
    for step in chain.steps:
        traits = content_of(step).traits
        if not traits_of(step).row_wise or traits.aggregates or traits.windows:
            return False
    return True
