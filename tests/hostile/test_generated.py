"""Random requests, well-formed and damaged: whatever passes satisfies the second reading."""

from __future__ import annotations

import random

import pyspark.sql.connect.proto as pb
import pytest

from engine.errors import PlanRefused
from engine.spark.plans import Fetch, bind, canonical, parse_request
from sandbox.contract.framing import Method
from sandbox.contract.limits import Limits
from tests.hostile.client import ask, check_answered, converse, outcome, some_frame
from tests.hostile.generate import Generator
from tests.hostile.plans import UNKNOWN_FIELD
from tests.hostile.second_reading import read_bound, walk
from tests.spark.plans.offline import request


def test_unknown_fields_at_any_level_of_a_plan_are_refused_or_left_out() -> None:
    draw, refused = random.Random(7), 0
    for _ in range(400):
        relation = Generator(draw, 0.0).relation()
        draw.choice(list(walk(relation))).MergeFromString(UNKNOWN_FIELD)
        try:
            parsed = parse_request(Method.EXECUTE, request(relation))
            assert isinstance(parsed, Fetch)
            read_bound(bind(parsed.relation, frame=some_frame(), views={}), some_frame())
        except PlanRefused as refusal:
            refused += refusal.code == "plan-unknown"
    assert refused > 200


@pytest.mark.parametrize("seed", range(4))
def test_generated_plans_satisfy_the_second_reading_or_are_refused(seed: int) -> None:
    draw, passed = random.Random(seed), 0
    for _ in range(700):
        generator = Generator(draw, draw.choice((0.0, 0.005, 0.05)))
        payload = request(generator.relation())
        try:
            parsed = parse_request(Method.EXECUTE, payload, columns=frozenset({"a"}))
            assert isinstance(parsed, Fetch)
            assert canonical(parsed.relation)
            bound = bind(parsed.relation, frame=some_frame(), views={})
        except PlanRefused as refusal:
            assert refusal.code and refusal.message
            continue
        read_bound(bound, some_frame())
        passed += 1
    assert passed > 250


def test_generated_requests_of_every_kind_are_answered_or_refused() -> None:
    draw, questions = random.Random(11), b""
    kinds = {
        Method.EXECUTE: pb.ExecutePlanRequest,
        Method.ANALYZE: pb.AnalyzePlanRequest,
        Method.CONFIG: pb.ConfigRequest,
    }
    for _ in range(1_500):
        method = draw.choice(list(kinds))
        message = kinds[method]()
        Generator(draw, draw.choice((0.0, 0.05))).fill(message, 1)
        questions += ask(method, message.SerializeToString())
    ended = converse(questions + outcome(), limits=Limits(frame_seconds=30.0, plans=2_000))
    check_answered(ended)
    assert len(ended.backend.asked) > 50


def test_damaged_bytes_are_answered_or_refused() -> None:
    draw, questions = random.Random(13), b""
    for _ in range(600):
        payload = bytearray(request(Generator(draw, 0.0).relation()))
        for _ in range(draw.randint(1, 6)):
            place = draw.randrange(len(payload))
            match draw.randrange(4):
                case 0:
                    payload[place] = draw.randrange(256)
                case 1:
                    del payload[place : place + draw.randint(1, 9)]
                case 2:
                    payload[place:place] = payload[draw.randrange(len(payload)) :][:30]
                case 3:
                    payload[place:place] = draw.randbytes(3)
            if not payload:
                payload = bytearray(b"\0")
        questions += ask(draw.choice((1, 1, 1, 2, 3)), bytes(payload))
    ended = converse(questions + outcome(), limits=Limits(frame_seconds=30.0, plans=2_000))
    check_answered(ended)
