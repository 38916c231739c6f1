"""Columns that are made with functions are called as in Spark."""

from __future__ import annotations

from typing import Any

import pyspark.sql.connect.proto as pb
import pytest

from engine.errors import PlanRefused
from engine.spark.functions import unnamed
from tests.spark.plans.offline import placeholder


def called(relation: pb.Relation) -> list[str]:
    """What Spark would call the columns of a select of columns and casts."""
    found = []
    for one in relation.project.expressions:
        inner = one.cast.expr if one.WhichOneof("expr_type") == "cast" else one
        found.append(inner.unresolved_attribute.unparsed_identifier.strip("`"))
    return found


def with_cast(**options: Any) -> pb.Relation:
    """A plan of one column without a name: a function of a cast."""
    made = pb.Relation()
    made.project.input.CopyFrom(placeholder())
    call = made.project.expressions.add().common_inline_user_defined_function
    call.function_name, call.deterministic = "u", True
    call.python_udf.output_type.double.SetInParent()
    inner = pb.Expression()
    inner.unresolved_attribute.unparsed_identifier = "n"
    call.arguments.add().cast.CopyFrom(pb.Expression.Cast(expr=inner, **options))
    return made


@pytest.mark.parametrize(
    ("kind", "written"), [("LONG", "bigint"), ("string", "string"), ("decimal(9, 2)", "decimal(9,2)")]
)
def test_a_cast_is_written_in_the_name_of_a_call(kind, written):
    [column] = unnamed(with_cast(type_str=kind), called).project.expressions
    assert list(column.alias.name) == [f"u(cast(n as {written}))"]


def test_a_cast_of_the_plan_s_own_is_written_likewise():
    kind = pb.DataType(short=pb.DataType.Short())
    [column] = unnamed(with_cast(type=kind), called).project.expressions
    assert list(column.alias.name) == ["u(cast(n as smallint))"]


@pytest.mark.parametrize(
    "options",
    [{"type_str": "array<int>"}, {"type_str": "int", "eval_mode": pb.Expression.Cast.EVAL_MODE_TRY}],
)
def test_a_cast_whose_writing_is_not_known_wants_a_name(options):
    with pytest.raises(PlanRefused, match="without a name"):
        unnamed(with_cast(**options), called)


def test_a_field_of_a_struct_that_may_be_a_key_of_groups_wants_a_name():
    made = pb.Relation()
    made.aggregate.input.CopyFrom(placeholder())
    made.aggregate.group_type = pb.Aggregate.GROUP_TYPE_GROUPBY
    column = made.aggregate.aggregate_expressions.add().alias
    column.name.append("y")
    struct = column.expr.unresolved_function
    struct.function_name = "struct"
    field = struct.arguments.add().unresolved_extract_value
    field.child.unresolved_attribute.unparsed_identifier = "st"
    field.extraction.literal.string = "n"
    call = struct.arguments.add().common_inline_user_defined_function
    call.function_name, call.deterministic = "u", True
    call.python_udf.output_type.double.SetInParent()
    with pytest.raises(PlanRefused, match="without a name"):
        unnamed(made, called)
