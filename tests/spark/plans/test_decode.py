"""Caps hold before protobuf is asked, and deep honest plans are read all the same."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb
import pytest

from engine.errors import PlanRefused
from engine.spark.plans import caps
from engine.spark.plans.decode import _read, decode
from engine.spark.plans.rebuild import rebuild
from tests.spark.plans.corpus import RELATIONS
from tests.spark.plans.offline import Offline, bound, placeholder


def _chain(length: int) -> pb.Relation:
    relation = placeholder()
    for index in range(length):
        outer = pb.Relation()
        outer.common.plan_id = index + 1
        outer.limit.limit = index
        outer.limit.input.CopyFrom(relation)
        relation = outer
    return relation


def test_deep_plan_is_read_whole() -> None:
    relation = _chain(190)
    decoded = decode(pb.Relation, relation.SerializeToString())
    assert decoded == relation
    assert rebuild(decoded) == relation
    assert bound(relation).SerializeToString()


def test_too_deep_plan_is_refused() -> None:
    payload = _chain(caps.MAX_DEPTH).SerializeToString()
    with pytest.raises(PlanRefused) as caught:
        decode(pb.Relation, payload)
    assert caught.value.code == "plan-too-large"


@pytest.mark.parametrize("name", RELATIONS)
def test_careful_reading_gives_what_protobuf_gives(offline: Offline, name: str) -> None:
    payload = offline.fetch(RELATIONS[name](offline.df, offline.spark))
    read = pb.ExecutePlanRequest()
    _read(read, memoryview(payload))
    assert read.SerializeToString(deterministic=True) == decode(
        pb.ExecutePlanRequest, payload
    ).SerializeToString(deterministic=True)


def test_large_request_is_counted_before_it_is_parsed() -> None:
    payload = b"\x1a\x00" * (caps.FAST_PARSE_BYTES // 2 + 1)
    with pytest.raises(PlanRefused) as caught:
        decode(pb.Project, payload)
    assert caught.value.code == "plan-too-large"


def test_request_over_the_cap_is_not_looked_at() -> None:
    with pytest.raises(PlanRefused) as caught:
        decode(pb.Relation, bytes(caps.MAX_REQUEST_BYTES + 1))
    assert caught.value.code == "plan-too-large"


def test_many_nodes_are_refused() -> None:
    relation = pb.Relation()
    relation.project.input.CopyFrom(placeholder())
    for _ in range(caps.MAX_NODES // 2):  # each is an expression and a literal
        relation.project.expressions.add().literal.integer = 1
    with pytest.raises(PlanRefused) as caught:
        rebuild(relation)
    assert caught.value.code == "plan-too-large"


def test_local_data_is_counted_over_the_whole_plan() -> None:
    relation = pb.Relation()
    for side in (relation.join.left, relation.join.right):
        side.local_relation.data = bytes(caps.MAX_LOCAL_BYTES // 2 + 1)
    with pytest.raises(PlanRefused, match="createDataFrame"):
        rebuild(relation)


@pytest.mark.parametrize(
    "payload",
    [
        b"\xff" * 11,  # a number without end
        b"\x12\x05ab",  # shorter than it says
        b"\x0b",  # a group, which proto3 has not
        b"\x12",  # nothing after the tag
        b"\x0d\x00",  # half a number of four bytes
        b"\x12\x02\xff\xfe",  # text that is not UTF-8, as alias of a subquery
    ],
)
def test_garbage_is_refused(payload: bytes) -> None:
    with pytest.raises(PlanRefused) as caught:
        decode(pb.SubqueryAlias, payload)
    assert caught.value.code == "plan-garbage"
