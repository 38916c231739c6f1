"""Whether a plan may compare text by a collation. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import pyspark.sql.connect.proto as pb

from engine.spark.plans.trees import walk


def collates(schema: pb.DataType | None, steps: Sequence[pb.Relation], aggregate: pb.Relation) -> bool:
    """Whether text may be compared by a collation.

    Args:
        schema: that of the frame, if known.
        steps: below the aggregate.
        aggregate: the aggregate itself.
    """
    return any(map(_collates, (*steps, aggregate, *([schema] if schema else ()))))


def _collates(message: pb.Relation | pb.DataType) -> bool:
    for here in walk(message):
        match here:
            case pb.DataType.String() if here.collation not in ("", "UTF8_BINARY"):
                return True
            case pb.Expression.UnresolvedFunction() | pb.CallFunction() if (
                here.function_name.lower() == "collate"
            ):
                return True
            case pb.Expression.Cast() if "collate" in here.type_str.lower():
                return True
            case pb.Expression.ExpressionString() if "collate" in here.expression.lower():
                return True
    return False
