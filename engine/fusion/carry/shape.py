"""What kind of answer a chain has, seen from outside. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.fusion.carry.content import Content, content_of
from engine.fusion.chain import Chain

# Steps that make one row of one row; select and withColumn only without functions that make or lose rows.
_ONE_TO_ONE: Final = frozenset(
    {"project", "with_columns", "drop", "with_columns_renamed", "to_df", "subquery_alias", "hint"}
    | {"repartition", "repartition_by_expression", "fill_na", "replace", "sort"}
)
# Steps each of whose rows comes from one row.
_ROW_WISE: Final = _ONE_TO_ONE | {"filter", "drop_na", "unpivot"}


@dataclass(frozen=True, slots=True)
class Shape:
    """What is seen of a chain without rewriting it.

    Attributes:
        row_wise: each row comes from one row of the frame, from which several may come.
        single_row: exactly one row comes of any frame.
    """

    row_wise: bool
    single_row: bool


def shape_of(chain: Chain) -> Shape:
    """The shape of a chain, whether or not it can be carried."""
    row_wise, single = True, False
    for step in chain.steps:
        kind = step.WhichOneof("rel_type")
        content = content_of(step)
        row_wise = row_wise and kind in _ROW_WISE and not (content.facts.aggregates or content.facts.windows)
        if _sums_up(step, content):
            single = True
        elif kind == "limit":
            single = single and step.limit.limit > 0
        elif kind != "deduplicate":
            single = single and kind in _ONE_TO_ONE and not content.may_remove
    return Shape(row_wise, single)


def _sums_up(step: pb.Relation, content: Content) -> bool:
    """Whether a step is an aggregate of all rows."""
    if step.WhichOneof("rel_type") == "project":
        return content.facts.aggregates and not content.facts.windows
    body = step.aggregate
    return body.group_type == pb.Aggregate.GROUP_TYPE_GROUPBY and not body.grouping_expressions
