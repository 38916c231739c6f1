"""What is remembered of plans stays small, however many and large those are that guests send."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pyspark.sql.connect.proto as pb

from engine.queries.spark.sharing import _MAX_PLAN_BYTES, Sharing, describe
from engine.tenants.ledger import lone_account
from tests.run_ids import run_id
from tests.spark.plans.offline import placeholder


def sharing() -> Any:
    source = SimpleNamespace(spark=True, schema=pb.DataType(), account=lone_account())
    return Sharing(source)  # type: ignore[arg-type]


def limited(times: int, number: int = 0) -> pb.Relation:
    """The frame under so many limits and filters, in an order that a number tells."""
    relation = placeholder()
    for place in range(times):
        raised = pb.Relation()
        if number >> place & 1:
            raised.limit.input.CopyFrom(relation)
            raised.limit.limit = 1
        else:
            raised.offset.input.CopyFrom(relation)
        relation = raised
    return relation


def test_large_plans_are_not_kept() -> None:
    shared = sharing()
    for number in range(40):
        key = b"%d" % number + bytes(1 << 20)
        shared._question(key, limited(1), run_id("run"))
        shared.described.keep(key, pb.DataType(), 0)
    assert sum(map(len, (*shared._questions, *shared.described._known))) <= _MAX_PLAN_BYTES
    assert shared._question(b"one more" + bytes(1 << 20), limited(1), run_id("run")) is None
    assert shared._question(b"0" + bytes(1 << 20), limited(1), run_id("run")) is not None


def test_types_of_many_plans_are_not_kept() -> None:
    shared = sharing()
    for number in range(3_000):
        shared.described.keep(b"%d" % number, pb.DataType(), 0)
    assert len(shared.described) == 1_000
    assert shared.described.get(b"7") is not None and shared.described.get(b"2999") is None


def test_a_report_tells_many_kinds_of_plans_apart_up_to_a_point() -> None:
    shared = sharing()
    for number in range(1 << 9):
        shared._count_answer(run_id("run"), describe(limited(9, number)), "frame", "why")
    report = shared.report(run_id("run"))
    assert len(report) <= 301 and sum(line.frames for line in report) == 1 << 9
    assert any(line.plan == "other plans" for line in report)


def test_a_long_plan_is_told_by_what_is_on_top() -> None:
    told = describe(limited(150, 1 << 149))
    assert told.startswith("..., offset") and told.endswith("offset, limit") and len(told) < 120


def test_a_run_that_asks_ever_other_things_leaves_room_to_those_beside_it() -> None:
    shared = sharing()
    for run in ("evil", "good"):
        shared.expect(run_id(run))
    evil, good = run_id("evil"), run_id("good")
    asked = [shared._question(b"evil %d" % number, limited(1), evil) for number in range(1_500)]
    assert sum(one is not None for one in asked) == 500
    assert all(shared._question(b"good %d" % number, limited(1), good) is not None for number in range(500))
    assert shared._question(b"evil 0", limited(1), good) is not None, "what is known is known to all"
