"""Protobuf of a hostile worker, over the channel: refused in words, or bound to the frame; nothing else."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage

from engine.errors import PlanRefused
from engine.spark.plans import parse_request
from sandbox.contract.framing import Kind, Method
from sandbox.contract.limits import Limits
from tests.hostile import plans
from tests.hostile.client import ask, check_answered, converse, execute, outcome
from tests.spark.plans import hostile
from tests.spark.plans.offline import placeholder, request


def _refused(payload: bytes, method: Method = Method.EXECUTE) -> PlanRefused:
    with pytest.raises(PlanRefused) as caught:
        parse_request(method, payload)
    return caught.value


def test_every_hostile_plan_is_refused_over_the_channel_and_none_reaches_the_backend() -> None:
    questions = b""
    for place, build in (("relation", hostile.RELATIONS), ("expression", hostile.EXPRESSIONS)):
        for code, make in build.values():
            relation = pb.Relation()
            if place == "relation":
                make(relation)
            else:
                relation.project.input.CopyFrom(placeholder())
                make(relation.project.expressions.add())
            assert code is None or code
            questions += execute(relation)
    ended = converse(questions + outcome(), limits=Limits(frame_seconds=20.0, plans=1000))
    check_answered(ended)
    assert ended.backend.asked == []
    kinds = {kind for kind, _ in ended.replies}
    assert kinds == {Kind.CALL, Kind.REPLY_ERROR}
    assert len(ended.replies) == 1 + len(hostile.RELATIONS) + len(hostile.EXPRESSIONS)


@pytest.mark.parametrize("place", dict(hostile.positions("Expression")))
def test_every_hostile_expression_is_refused_at_every_place(place: str) -> None:
    plant = dict(hostile.positions("Expression"))[place]
    for name, (_, build) in hostile.EXPRESSIONS.items():
        code = hostile.code_at(place, name)
        relation = pb.Relation()
        planted = plant(relation)
        planted.SetInParent()
        build(planted)
        error = _refused(request(relation))
        assert code is None or error.code == code, name


@pytest.mark.parametrize("place", dict(hostile.positions("Relation")))
def test_every_hostile_relation_is_refused_at_every_place(place: str) -> None:
    plant = dict(hostile.positions("Relation"))[place]
    for name, (_, build) in hostile.RELATIONS.items():
        relation = pb.Relation()
        build(plant(relation))
        if place == "WithRelations.references" and name == "sql over the frame":
            continue
        error = _refused(request(relation))
        assert error.message, name


TEXTS = {
    "a comment": "a /* reflect('x', 'y') */ + 1",
    "a comment to the end": "a -- + reflect('x', 'y')",
    "back-ticks": "`a` + `b`.`c`",
    "unicode in quotes": "'\u202e' || `größe`",
    "an escape": r"'\u0027' || 'a'",
    "a doubled quote": "'it''s'",
    "a raw string": r"r'\'",
}
REFUSED_TEXTS = {
    "a comment that hides a call": "a + /* */ reflect('x', 'y')",
    "a nested comment": "a /* /* */ + reflect('x', 'y')",
    "a comment that a backslash carries on": "-- \\\n x\n_metadata",
    "a parameter": "a > ?",
    "a named parameter": "a > :x",
    "an identifier clause": "IDENTIFIER('a')",
    "a call by identifier": "IDENTIFIER('reflect')('java.lang.Math', 'abs', 1)",
    "a back-ticked call": "`reflect`('java.lang.Math', 'abs', 1)",
    "a qualified call": "system.builtin.reflect('java.lang.Math', 'abs', 1)",
    "a letter that folds": "\u212alog(a)",
    "a wide letter": "\uff52eflect('x', 'y')",
    "a query": "(SELECT 1)",
    "a query after EXISTS": "EXISTS (SELECT 1 FROM customers)",
    "a query after IN": "a IN (SELECT b FROM customers)",
    "a substitution": "'${env:HOME}'",
    "a second statement": "1; DROP TABLE customers",
    "a pipe": "1 |> SELECT 2",
    "a hint": "/*+ REPARTITION(1000000) */ a",
    "a version": "a FROM v VERSION AS OF 1",
}


@pytest.mark.parametrize("name", REFUSED_TEXTS)
def test_a_hostile_text_is_refused_in_every_place_of_an_expression(name: str) -> None:
    for place, plant in hostile.positions("Expression"):
        relation = pb.Relation()
        plant(relation).expression_string.expression = REFUSED_TEXTS[name]
        assert _refused(request(relation)).code, place


@pytest.mark.parametrize("name", TEXTS)
def test_a_harmless_text_is_passed_without_what_is_no_part_of_it(name: str) -> None:
    relation = pb.Relation()
    relation.project.input.CopyFrom(placeholder())
    relation.project.expressions.add().expression_string.expression = TEXTS[name]
    ended = converse(execute(relation) + outcome())
    check_answered(ended)
    (asked,) = ended.backend.asked
    assert "reflect" not in str(asked)


@pytest.mark.parametrize("name", plans.TANGLED)
def test_tangled_plans_are_bound_to_the_frame_or_refused(name: str) -> None:
    relation = plans.TANGLED[name]()
    ended = converse(execute(relation) * 2 + outcome())
    check_answered(ended)
    assert len(ended.backend.asked) in (0, 2)
    if not ended.backend.asked:
        assert ended.fault


def _forged() -> dict[str, pb.ExecutePlanRequest]:
    """Requests with what an honest client leaves out, or what is not its to say."""
    made: dict[str, pb.ExecutePlanRequest] = {}

    def add(name: str) -> pb.ExecutePlanRequest:
        made[name] = pb.ExecutePlanRequest()
        made[name].plan.root.CopyFrom(placeholder())
        return made[name]

    add("another session").session_id = "11111111-1111-4111-8111-111111111111"
    add("another operation").operation_id = "22222222-2222-4222-8222-222222222222"
    add("tags").tags.extend(["x", "../..", "a,b"])
    add("a client of another name").client_type = "\x1b[2J" * 100
    add("another server session").client_observed_server_side_session_id = "x"
    context = add("another user").user_context
    context.user_id, context.user_name = "root", "admin"
    add("an extension of the user").user_context.extensions.add().CopyFrom(
        AnyMessage(type_url="t", value=b"x")
    )
    add("reattaching").request_options.add().reattach_options.reattachable = True
    add("a request extension").request_options.add().extension.CopyFrom(AnyMessage(type_url="t"))
    add("an extension as origin").plan.root.common.origin.python_origin.fragment = "x"
    add("an unknown field").MergeFromString(plans.UNKNOWN_FIELD)
    return made


@pytest.mark.parametrize("name", _forged())
def test_what_is_not_the_guests_to_say_is_left_out_or_refused(name: str) -> None:
    ended = converse(ask(Method.EXECUTE, _forged()[name].SerializeToString()) + outcome())
    check_answered(ended)
    assert len(ended.backend.asked) == (name not in ("a request extension", "an unknown field"))
    for asked in ended.backend.asked:
        assert not asked.HasField("common") or not asked.common.HasField("origin")
