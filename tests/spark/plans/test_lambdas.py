"""Variables of lambda functions: those of PySpark pass, and no two plans of different meaning are alike."""

from __future__ import annotations

from typing import Any

import pyspark.sql.connect.proto as pb
import pytest
from pyspark.sql import functions as F  # noqa: N812

from engine.errors import PlanRefused
from engine.spark.plans import canonical, parse_request
from sandbox.contract.framing import Method
from tests.spark.plans.offline import placeholder, request


def transform(*arguments: tuple[str, ...], body: tuple[str, ...]) -> pb.Relation:
    """`transform(xs, arguments -> body)` as a select."""
    relation = pb.Relation()
    relation.project.input.CopyFrom(placeholder())
    call = relation.project.expressions.add().unresolved_function
    call.function_name = "transform"
    call.arguments.add().unresolved_attribute.unparsed_identifier = "xs"
    function = call.arguments.add().lambda_function
    for parts in arguments:
        function.arguments.add().name_parts.extend(parts)
    function.function.unresolved_named_lambda_variable.name_parts.extend(body)
    return relation


HONEST = transform(("x_1",), body=("x_1",))
# To canonical plans the first two were the honest one; Spark reads a field of the frame's column s in the
# first, and the second could be any column in a metric whose own plan names a variable there.
HOSTILE = {
    "a field of a column": transform(("s", "x"), body=("s", "x")),
    "free": transform(("x_1",), body=("id",)),
    "in capitals": transform(("V",), body=("V",)),
    "a part of a variable": transform(("x_1",), body=("x_1", "f")),
    "twice": transform(("x_1",), ("x_1",), body=("x_1",)),
    "no name": transform((), body=()),
    "a hidden column": transform(("_metadata",), body=("_metadata",)),
    "a back-tick": transform(("a`b",), body=("a`b",)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_variable_of_a_lambda_is_refused(name: str) -> None:
    with pytest.raises(PlanRefused) as refusal:
        parse_request(Method.EXECUTE, request(HOSTILE[name]))
    assert refusal.value.code in ("plan-garbage", "hidden-column")


def test_the_honest_one_passes() -> None:
    parse_request(Method.EXECUTE, request(HONEST))


def test_a_variable_outside_of_its_lambda_is_refused() -> None:
    relation = transform(("x_1",), body=("x_1",))
    outside = relation.project.expressions.add()
    outside.unresolved_named_lambda_variable.name_parts.append("x_1")
    with pytest.raises(PlanRefused, match="lambda function around it"):
        parse_request(Method.EXECUTE, request(relation))


def test_a_name_in_another_case_cannot_take_the_place_of_an_outer_variable() -> None:
    relation = transform(("v",), body=("v",))
    inner = pb.Expression()
    inner.CopyFrom(transform(("V",), body=("v",)).project.expressions[0])
    relation.project.expressions[0].unresolved_function.arguments[1].lambda_function.function.CopyFrom(inner)
    with pytest.raises(PlanRefused):
        parse_request(Method.EXECUTE, request(relation))


def test_lambdas_in_lambdas_of_pyspark_pass(offline: Any) -> None:
    def nested() -> bytes:
        frame = offline.df.select(
            F.transform("xs", lambda x, i: F.aggregate("xs", F.lit(0), lambda acc, y: acc + y * x + i))
        )
        parsed = parse_request(Method.EXECUTE, offline.fetch(frame))
        return canonical(parsed.relation)  # type: ignore[union-attr]

    assert nested() == nested()


def text_in_lambda(name: str, text: str, deeper: bool = False) -> pb.Relation:
    """`transform(xs, name -> text)`, the text perhaps within a lambda of another name."""
    relation = transform((name,), body=(name,))
    body = relation.project.expressions[0].unresolved_function.arguments[1].lambda_function.function
    if deeper:
        inner = transform(("y_9",), body=("y_9",)).project.expressions[0]
        inner.unresolved_function.arguments[1].lambda_function.function.expression_string.expression = text
        body.CopyFrom(inner)
    else:
        body.expression_string.expression = text
    return relation


@pytest.mark.parametrize("deeper", [False, True])
@pytest.mark.parametrize(
    "text", ["transform(xs, q -> x_1 + q)", "x_1", "X_1", "`x_1`", "filter(xs, Q -> Q > `X_1`)", "1"]
)
def test_a_name_that_text_can_say_is_part_of_what_is_compared(text: str, deeper: bool) -> None:
    said, other = (canonical(text_in_lambda(name, text, deeper)) for name in ("x_1", "x_2"))
    assert said != other
    assert said == canonical(text_in_lambda("x_1", text, deeper))


@pytest.mark.parametrize("spelled", ["x_1", "X_1", "`x_1`", "x_1.f"])
def test_a_column_of_a_variables_name_keeps_the_name(spelled: str) -> None:
    keys = set()
    for name in ("x_1", "x_2"):
        relation = transform((name,), body=(name,))
        call = relation.project.expressions[0].unresolved_function
        function = call.arguments[1].lambda_function.function
        function.unresolved_attribute.unparsed_identifier = spelled
        keys.add(canonical(relation))
    assert len(keys) == 2


def test_names_that_nothing_can_say_are_still_forgotten() -> None:
    assert canonical(transform(("x_1",), body=("x_1",))) == canonical(transform(("x_7",), body=("x_7",)))


def test_a_kept_name_is_never_a_made_one() -> None:
    kept = text_in_lambda("x_0", "1")
    made = transform(("x_5",), body=("x_5",))
    made.project.expressions[0].unresolved_function.arguments[
        1
    ].lambda_function.function.expression_string.expression = "1"
    assert canonical(kept) != canonical(made)
