"""What kind of answer a chain has, seen from outside. Pure."""

from __future__ import annotations

from typing import Final

from engine.spark.fusion.carry.content import content_of
from engine.spark.fusion.chain import Chain

# Steps each of whose rows comes from one row.
_ROW_WISE: Final = frozenset(
    {"project", "with_columns", "drop", "with_columns_renamed", "to_df", "subquery_alias", "hint"}
    | {"repartition", "repartition_by_expression", "fill_na", "replace", "sort"}
    | {"filter", "drop_na", "unpivot"}
)


def is_row_wise(chain: Chain) -> bool:
    """Whether each row comes from one row of the frame, from which several may come.

    Whether or not the chain can be carried.
    """
    for step in chain.steps:
        traits = content_of(step).traits
        if step.WhichOneof("rel_type") not in _ROW_WISE or traits.aggregates or traits.windows:
            return False
    return True
