"""Columns that are made with functions are called as in Spark."""

from __future__ import annotations

from typing import Any

import pyspark.sql.connect.proto as pb
import pytest

from engine.errors import PlanRefused
from engine.functions import unnamed
from tests.functions.test_hostile import applied


def called(relation: pb.Relation) -> list[str]:
    """What Spark would call the columns of a select of columns and casts."""
    found = []
    for one in relation.project.expressions:
        inner = one.cast.expr if one.WhichOneof("expr_type") == "cast" else one
        found.append(inner.unresolved_attribute.unparsed_identifier.strip("`"))
    return found


def with_cast(**options: Any) -> pb.Relation:
    made = applied()
    call = made.project.expressions[0].alias.expr
    argument = call.common_inline_user_defined_function.arguments[0]
    inner = pb.Expression()
    inner.CopyFrom(argument)
    argument.Clear()
    argument.cast.CopyFrom(pb.Expression.Cast(expr=inner, **options))
    expression = pb.Expression()
    expression.CopyFrom(call)
    made.project.expressions[0].CopyFrom(expression)
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
