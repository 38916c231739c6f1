"""What stands for a function of the author where only types are looked at: a null of its type.

Spark takes the result of every such function as one that may be null. For a function that makes rows of whole
DataFrames, local data without rows stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import pyspark.sql.connect.proto as pb
from google.protobuf.message import Message

from engine.spark.functions.find import has_functions, is_function, refused
from engine.spark.functions.local import local_relation, read_frames
from engine.spark.functions.maps import is_map, take_apart
from engine.spark.plans.trees import copy, walk

_M = TypeVar("_M", bound=Message)
# Tells the names of the columns of a plan without functions.
Naming: TypeAlias = Callable[[pb.Relation], Sequence[str]]


def null_of(output_type: pb.DataType) -> pb.Expression:
    """A null of a type."""
    made = pb.Expression()
    made.cast.expr.literal.null.null.SetInParent()
    made.cast.type.CopyFrom(output_type)
    return made


def typed(plan: _M) -> _M:
    """The same plan, or part of one, with such nulls and data in it; it has the same type.

    Raises:
        PlanRefused: a function makes rows of a type that is not taken, or its values name columns.
    """
    for here in walk(plan):
        if isinstance(here, pb.Relation) and _names_columns_by_values(here) and has_functions(here):
            raise refused(
                "below a pivot without values, a crosstab or a transpose, whose columns are asked for,",
                "give pivot() its values, as in pivot('p', ['a', 'b']), or collect the rows before",
            )
    made = copy(plan)
    for here in list(walk(made)):
        if isinstance(here, pb.Relation) and is_map(here):
            here.CopyFrom(_no_rows_of(here))
        elif is_function(here):
            assert isinstance(here, pb.Expression)
            here.CopyFrom(null_of(here.common_inline_user_defined_function.python_udf.output_type))
    return made


def _names_columns_by_values(relation: pb.Relation) -> bool:
    match relation.WhichOneof("rel_type"):
        case "aggregate":
            pivoted = relation.aggregate.group_type == pb.Aggregate.GROUP_TYPE_PIVOT
            return pivoted and not relation.aggregate.pivot.values
        case "crosstab" | "transpose":
            return True
    return False


def _no_rows_of(relation: pb.Relation) -> pb.Relation:
    parts = take_apart(relation)
    columns = read_frames(b"", parts.output).columns
    names = [f"_{place}" for place in range(len(columns))]
    return parts.above(local_relation(names, columns, parts.fields()))
