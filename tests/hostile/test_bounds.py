"""Small requests that would take much time, memory or stack are refused before they do."""

from __future__ import annotations

import re
from pathlib import Path

import pyspark.sql.connect.proto as pb
import pytest

from engine.errors import PlanRefused
from engine.spark.plans import Fetch, bind, parse_request
from engine.spark.plans.caps import MAX_LOCAL_BYTES, MAX_REQUEST_BYTES
from sandbox.contract.framing import Method
from tests.hostile import plans
from tests.hostile.client import ask, check_answered, converse, outcome, some_frame
from tests.spark.plans.offline import placeholder, request
from tests.waiting import within


def _refused(payload: bytes) -> PlanRefused:
    with pytest.raises(PlanRefused) as caught:
        parse_request(Method.EXECUTE, payload)
    return caught.value


DEEP = {
    "relations": plans.chain,
    "expressions": plans.deep_expression,
    "aliases": lambda depth: plans.chain(depth, "subquery_alias"),
}


@pytest.mark.parametrize("kind", DEEP)
@pytest.mark.parametrize("depth", [40, 120, 190])
def test_deep_plans_are_bound(kind: str, depth: int) -> None:
    ended = converse(ask(Method.EXECUTE, plans.request_of(DEEP[kind](depth))) + outcome())
    check_answered(ended)
    assert len(ended.backend.asked) == 1


@pytest.mark.parametrize("kind", DEEP)
@pytest.mark.parametrize("depth", [205, 2_000, 20_000])
def test_deeper_plans_are_refused_soon(kind: str, depth: int) -> None:
    payload = plans.request_of(DEEP[kind](depth))
    with within(5):
        assert _refused(payload).code == "plan-too-large"


def test_a_request_over_the_cap_is_refused() -> None:
    assert _refused(bytes(MAX_REQUEST_BYTES + 1)).code == "plan-too-large"


def test_local_data_travels_once_and_within_its_cap() -> None:
    relation = pb.Relation()
    relation.local_relation.data = bytes(MAX_LOCAL_BYTES + 1)
    assert _refused(request(relation)).code == "plan-too-large"


BOMBS = {"map": (plans.map_bomb, "arguments of spark.sql"), "list": (plans.list_bomb, "too many values")}


@pytest.mark.parametrize("name", BOMBS)
def test_few_bytes_do_not_take_much_memory(name: str) -> None:
    bomb, reason = BOMBS[name]
    payload = plans.request_of(bomb(5_000_000))
    Path("/proc/self/clear_refs").write_text("5")  # the peak is measured from here on
    before = _peak_kib()
    assert reason in _refused(payload).message
    assert _peak_kib() - before < 150 << 10


def _peak_kib() -> int:
    return int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0])


@pytest.mark.parametrize("name", ["." * (1 << 20), "_." * (1 << 19), "`" * (1 << 20), "\u0130" * (1 << 18)])
def test_long_names_take_no_time(name: str) -> None:
    relation = pb.Relation()
    relation.project.input.CopyFrom(placeholder())
    for _ in range(20):
        relation.project.expressions.add().unresolved_attribute.unparsed_identifier = name
    sent = request(relation)
    with within(1.5):
        assert _refused(sent).code == "plan-too-large"


def test_a_forged_frame_around_much_is_read_in_no_time() -> None:
    relation = pb.Relation()
    relation.project.input.CopyFrom(placeholder())
    for _ in range(4_800):
        relation.project.expressions.add().literal.integer = 1
    for _ in range(150):
        outer = pb.Relation()
        outer.subquery_alias.alias = "frame"
        outer.subquery_alias.input.CopyFrom(relation)
        relation = outer
    parsed = parse_request(Method.EXECUTE, request(relation))
    assert isinstance(parsed, Fetch)
    with within(1.5):  # a fifth of a second; several, if each alias is compared as a whole
        bind(parsed.relation, frame=some_frame(), views={})
