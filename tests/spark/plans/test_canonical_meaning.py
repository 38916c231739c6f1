"""Plans of equal canonical keys mean the same: generated pairs of lambdas, executed."""

from __future__ import annotations

import random
from typing import Any

import pyspark.sql.connect.proto as pb
import pytest

from engine.backends.base import Backend
from engine.errors import BackendError
from engine.spark.plans import canonical, parse_request
from sandbox.contract.framing import Method
from tests.spark.plans.guest import Guest
from tests.spark.plans.offline import placeholder, request

PLANS = 1_500
# Two names as PySpark makes them, and one that is a column of the frame as well.
NAMES = ("x_1", "x_2", "a")
_FUNCTIONS = {"transform": False, "filter": True, "exists": True}


def _call(name: str, *arguments: pb.Expression) -> pb.Expression:
    function = pb.Expression.UnresolvedFunction(function_name=name, arguments=arguments)
    return pb.Expression(unresolved_function=function)


def _column(name: str) -> pb.Expression:
    return pb.Expression(unresolved_attribute=pb.Expression.UnresolvedAttribute(unparsed_identifier=name))


def _number(value: int) -> pb.Expression:
    return pb.Expression(literal=pb.Expression.Literal(integer=value))


def _variable(name: str) -> Any:
    return pb.Expression.UnresolvedNamedLambdaVariable(name_parts=[name])


def _lambda(chance: random.Random, variables: tuple[str, ...], depth: int) -> pb.Expression:
    """A function of an array of two columns, whose lambda may shadow those around it."""
    name = chance.choice(NAMES)
    body = _body(chance, (*variables, name), depth)
    kind = chance.choice(sorted(_FUNCTIONS))
    if _FUNCTIONS[kind]:
        body = _call(">", body, _number(2))
    function = pb.Expression.LambdaFunction(function=body, arguments=[_variable(name)])
    made = _call(kind, _call("array", _column("id"), _column("a")), pb.Expression(lambda_function=function))
    if kind == "exists":
        return _call("if", made, _number(1), _number(0))
    return _call("coalesce", _call("array_max", made), _number(0))


def _body(chance: random.Random, variables: tuple[str, ...], depth: int) -> pb.Expression:
    kind = chance.choice(("variable", "variable", "column", "text", "sum", "deeper"))
    if kind == "column":
        return _column(chance.choice(("id", "a")))
    if kind == "text":
        text = chance.choice((*variables, "id", "a + 1", "A"))
        return pb.Expression(expression_string=pb.Expression.ExpressionString(expression=text))
    if kind == "sum" and depth:
        return _call("+", _body(chance, variables, depth - 1), _body(chance, variables, depth - 1))
    if kind == "deeper" and depth:
        return _lambda(chance, variables, depth - 1)
    return pb.Expression(unresolved_named_lambda_variable=_variable(chance.choice(variables)))


def _plan(seed: int) -> pb.Relation:
    relation = pb.Relation()
    relation.project.input.CopyFrom(placeholder())
    made = _lambda(random.Random(seed), (), 2)
    relation.project.expressions.add().alias.MergeFrom(pb.Expression.Alias(expr=made, name=["n"]))
    return relation


def _pairs() -> list[list[pb.Relation]]:
    """Plans that differ, of which each group has one key."""
    found: dict[bytes, dict[bytes, pb.Relation]] = {}
    for seed in range(PLANS):
        parsed: Any = parse_request(Method.EXECUTE, request(_plan(seed)))
        relation = parsed.relation
        same = found.setdefault(canonical(relation), {})
        same[relation.SerializeToString(deterministic=True)] = relation
    several = [list(group.values()) for group in found.values() if len(group) > 1]
    return sorted(several, key=lambda group: -max(relation.ByteSize() for relation in group))


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.parametrize("executed", [4, pytest.param(24, marks=pytest.mark.slow)])
def test_plans_of_one_key_mean_the_same(native_backend: Backend, connect_mode: None, executed: int) -> None:
    session = native_backend.open_session()
    try:
        guest, answered = Guest(session), 0
        groups = _pairs()[:executed]
        assert len(groups) == executed
        for group in groups:
            answers = {_answer(guest, relation) for relation in group[:3]}
            assert len(answers) == 1, group[:3]
            answered += not answers.pop().startswith("refused")
        assert answered > executed // 2
    finally:
        session.close()


def _answer(guest: Guest, relation: pb.Relation) -> str:
    try:
        return repr(sorted(guest.rows(relation), key=repr))
    except BackendError:
        return "refused"


@pytest.mark.parametrize("said", ["x_k", "X_K", "x_\u212a"])
def test_a_variable_that_java_would_find_keeps_its_name(said: str) -> None:
    def plan(name: str) -> bytes:
        body = _call("+", _column(said), _number(1))
        function = pb.Expression(
            lambda_function=pb.Expression.LambdaFunction(function=body, arguments=[_variable(name)])
        )
        relation = pb.Relation()
        relation.project.input.CopyFrom(placeholder())
        relation.project.expressions.append(_call("transform", _call("array", _column("id")), function))
        return canonical(relation)

    assert plan("x_k") != plan("x_2")
    assert plan("x_1") == plan("x_2")
