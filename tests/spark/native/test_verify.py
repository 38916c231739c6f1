"""Spark's word on native answers: what counts as different, and what follows from that."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest
from pyspark.sql.connect import functions as F  # noqa: N812

from engine.backends.native.backend import _responses
from engine.backends.native.files import Files
from engine.backends.native.trust import Differences, Verified
from engine.backends.native.verify import NativeAnswer, Verifier
from engine.context import QueryContext
from engine.errors import BackendError, BackendLost, BackendStartError, EngineClosed
from engine.service.telemetry.observe import Telemetry
from engine.spark.native.compare import Given, difference
from engine.spark.native.features import blamed, features
from engine.spark.native.functions.known import needing_spark
from engine.spark.native.unproven import Unproven
from tests.spark.native.conftest import Tables
from tests.spark.native.stand_ins import FakeSpark


def given(*values: object) -> Given:
    return Given(pb.DataType(), pa.table({"x": list(values)}))


@pytest.mark.parametrize(
    ("mine", "theirs", "loose", "ordered", "same"),
    [
        (given(1.0), given(1.0), False, True, True),
        (given(0.1 + 0.2), given(0.3), False, True, False),
        (given(0.1 + 0.2), given(0.3), True, True, True),
        (given(1.0), given(1.1), True, True, False),
        (given(0.0), given(-0.0), False, True, False),
        (given(math.nan), given(math.nan), False, True, True),
        (given(None), given(math.nan), True, True, False),
        (given(1, 2), given(2, 1), False, True, False),
        (given(1, 2), given(2, 1), False, False, True),
        (given(1, 1), given(1, 2), False, False, False),
        (given(1), given(1, 1), False, True, False),
    ],
)
def test_what_counts_as_different(mine: Given, theirs: Given, loose: bool, ordered: bool, same: bool) -> None:
    assert (difference(mine, theirs, [loose], ordered=ordered) == "") is same


def test_the_functions_of_a_wrong_answer_are_left_to_spark(hostile: Tables) -> None:
    wrong = hostile.plan(lambda df: df.agg(F.mean("y"), F.expr("max(abs(i))")))
    other = hostile.plan(lambda df: df.filter("flag").agg(F.count("*")))
    differences = Differences()
    differences.note_equal()
    differences.note_different(blamed(wrong))
    off = ("the function abs", "the function avg", "the function max")
    assert differences.verified == Verified(1, 1, off)
    with pytest.raises(Unproven, match="the function abs differed"):
        differences.refuse(features(wrong))
    differences.refuse(features(other))


def test_functions_outside_of_the_table_are_known_by_name() -> None:
    assert needing_spark(("avg", "col", "countDistinct", "lit", "stddev", "when")) == ()
    assert needing_spark(("avg", "hll_sketch_agg")) == ("hll_sketch_agg",)


class AnsweringSpark(FakeSpark):
    """Spark that gives the same table for whatever it is asked, or fails."""

    def __init__(self, table: pa.Table, error: Exception | None = None) -> None:
        super().__init__()
        self.table, self.error = table, error

    def execute(self, plan: pb.Plan, _: QueryContext) -> Iterator[pb.ExecutePlanResponse]:
        self.asked.append("execute")
        if self.error is not None:
            raise self.error
        return _responses(pb.DataType(), self.table)


def sample_of(tables: Tables, *, tenant: str = "acme") -> NativeAnswer:
    plan = tables.plan(lambda df: df.agg(F.sum("i").alias("x")))
    return NativeAnswer(plan, given(1), (False,), ordered=True, files=Files(), tenant=tenant)


def verifier_on(
    spark: AnsweringSpark, differences: Differences, *, busy: threading.Event | None = None
) -> Verifier:
    made: Any = spark
    return Verifier(1.0, differences, lambda: made, lambda: busy is not None and busy.is_set())


def test_an_answer_that_spark_gives_too_is_counted(hostile: Tables) -> None:
    differences, spark = Differences(), AnsweringSpark(given(1).table)
    verifier = verifier_on(spark, differences)
    verifier.offer(sample_of(hostile))
    assert verifier.settle(60)
    assert differences.verified == Verified(1, 0, ())
    assert spark.asked == ["execute", "close"]
    verifier.close()


@pytest.mark.parametrize(
    ("table", "error"),
    [(given(2).table, None), (given(1).table, BackendError("overflow", condition="ARITHMETIC_OVERFLOW"))],
)
def test_an_answer_that_spark_does_not_give_is_told_and_its_functions_are_left_to_spark(
    table: pa.Table, error: Exception | None, hostile: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    differences = Differences()
    verifier = verifier_on(AnsweringSpark(table, error), differences)
    sample = sample_of(hostile)
    verifier.offer(sample)
    assert verifier.settle(60)
    assert differences.verified == Verified(0, 1, ("the function sum",))
    with pytest.raises(Unproven, match="the function sum differed"):
        differences.refuse(features(sample.relation))
    (told,) = [one for one in caplog.records if one.levelname == "ERROR"]
    assert "differs from Spark's" in told.message and "aggregate" in told.message
    assert vars(told)["account"] == "acme"
    verifier.close()


@pytest.mark.parametrize(
    "error", [BackendLost("it died"), BackendStartError("no Java"), EngineClosed("closed")]
)
def test_what_cannot_be_compared_counts_for_nothing(error: Exception, hostile: Tables) -> None:
    differences = Differences()
    verifier = verifier_on(AnsweringSpark(given(1).table, error), differences)
    verifier.offer(sample_of(hostile))
    assert verifier.settle(60)
    assert differences.verified == Verified(0, 0, ())
    verifier.close()


def test_nothing_is_compared_while_spark_is_busy_nor_after_the_end(hostile: Tables) -> None:
    busy, spark = threading.Event(), AnsweringSpark(given(1).table)
    busy.set()
    verifier = verifier_on(spark, Differences(), busy=busy)
    for _ in range(50):  # more than are kept: nobody waits
        verifier.offer(sample_of(hostile))
    assert not verifier.settle(0.0)
    assert spark.asked == []
    verifier.close()
    verifier.offer(sample_of(hostile))
    assert spark.asked == []


def test_no_share_is_nothing(hostile: Tables) -> None:
    spark: Any = AnsweringSpark(given(1).table)
    verifier = Verifier(0.0, Differences(), lambda: spark, lambda: False)
    verifier.offer(sample_of(hostile))
    assert verifier.settle(60) and verifier._thread is None


def test_what_came_of_it_is_among_the_metrics_of_the_service() -> None:
    telemetry = Telemetry()
    assert 'calcmetric_native_verified_total{outcome="different"} 0.0' in telemetry.text().decode()
    telemetry.watch(dict, lambda: Verified(5, 2, ("the function sum",)))
    shown = telemetry.text().decode()
    assert 'calcmetric_native_verified_total{outcome="equal"} 5.0' in shown
    assert 'calcmetric_native_verified_total{outcome="different"} 2.0' in shown
    assert "calcmetric_native_off 1.0" in shown
