"""Metrics that kill the local server again and again, beside others that must not be hurt by it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine import Dataset, Engine, Limits, Result, SegmentGroup
from engine.backends import names
from engine.backends.local.generation import Generation
from engine.backends.local.server import LocalServer
from engine.backends.local.watchdog import WatchdogSettings
from engine.backends.spark.backend import LocalSpark
from engine.pool.pool import WorkerPool
from tests.backends.little import little_spark
from tests.engine.support import check_goes_on, metric, misbehaving, result_of_b
from tests.servers import engine_on

# Java takes its time to run out of memory, and to start again.
pytestmark = pytest.mark.timeout(600)
ROWS = 300
# On a busy machine a start of Spark takes half a minute, and there are several.
PATIENT = Limits(frame_seconds=500, wall_seconds=550)

# The pairs are of all rows, a million millions, and need no memory.
ENDLESS = metric(
    """
    many = df.select('n', F.explode(F.sequence(F.lit(1), F.lit(3_000))).alias('k'))
    pairs = many.crossJoin(many.select(F.col('n').alias('m')))
    return pairs.agg(F.sum(F.sin(F.col('n') + F.col('m') + F.col('k')))).first()[0]
    """
)
# Some work in several questions, so that each frame is under way for a while.
HONEST = metric(
    """
    far = df.crossJoin(df.select(F.col('n').alias('m')))
    for number in range(3):
        far = far.union(far)
    pairs = far.agg(F.sum('n')).first()[0] / 8
    return pairs + df.count()
    """
)
KILLING = "return df.agg(F.sum(F.size(F.array_repeat(F.lit('x'), F.lit(900_000_000))))).first()[0]"


def ended(result: Result) -> tuple[str, str]:
    """The status of a result that has an error, and the code of that."""
    assert result.error is not None, result
    return result.status, result.error.code


def generation_of(engine: Engine) -> Generation | None:
    """The server that an engine asks now."""
    assert isinstance(engine.backend, LocalServer)
    return engine.backend.generation


@pytest.fixture(scope="module")
def fragile(data_dir: Path, worker_pool: WorkerPool) -> Iterator[Engine]:
    """An engine whose server dies of what is not answered natively."""
    with (
        little_spark(),
        Engine("spark", roots=(data_dir,), workers=2, pool=worker_pool) as engine,
    ):
        yield engine


def test_a_frame_that_kills_the_server_leaves_the_others_of_its_run_alone(
    fragile: Engine, rows: Dataset
) -> None:
    b = result_of_b(fragile, misbehaving(KILLING), rows)
    assert (*ended(b), b.rows) == ("backend_error", "backend-lost", 100)


@pytest.mark.slow
def test_a_question_that_kills_the_server_when_it_is_counted_along_does_not_cost_the_count(
    fragile: Engine, rows: Dataset
) -> None:
    group = SegmentGroup.by_value("g", values=["a", "b", "c"])
    run = fragile.evaluate(metric(KILLING), rows, segments=[group])
    assert [one.rows for one in run.results] == [300, 100, 100, 100]
    assert {ended(one) for one in run.results} == {("backend_error", "backend-lost")}
    check_goes_on(fragile, rows)


# Each death of Spark costs half a minute of processor time: one test of each kind is enough.
@pytest.mark.spark(own=True)
@pytest.mark.slow
@pytest.mark.deep
def test_honest_frames_are_right_beside_a_run_that_kills_the_server(
    rows: Dataset, data_dir: Path, worker_pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "LocalSpark", partial(LocalSpark, heap_bytes=1 << 30))
    with Engine("spark", native=False, roots=(data_dir,), workers=2, pool=worker_pool) as engine:
        check_goes_on(engine, rows)
        before = generation_of(engine)
        killing = engine.submit(metric(KILLING), rows)
        endless = engine.submit(ENDLESS, rows, limits=Limits(frame_seconds=2))
        groups = [SegmentGroup.by_value("g")]
        of_groups = [100.0 * total + 100 for total in (14850, 14950, 15050)]
        expected = [ROWS * 44850.0 + ROWS, *of_groups]
        runs = 0
        while runs < 2 or not all(run.progress.stage == "done" for run in (killing, endless)):
            run = engine.evaluate(HONEST, rows, segments=groups, limits=PATIENT)
            assert [one.value for one in run.results] == expected, run.results
            runs += 1
        (lost,) = killing.result(timeout=60).results
        assert math.isnan(lost.value)
        assert ended(lost) == ("backend_error", "backend-lost")
        (one,) = endless.result(timeout=60).results
        assert math.isnan(one.value)
        # It waits for too long, or three servers die under it before.
        assert ended(one)[1] in {"limit-frame-seconds", "backend-lost"}
        assert generation_of(engine) is not before
        check_goes_on(engine, rows)


@pytest.mark.spark(own=True)
@pytest.mark.slow
@pytest.mark.deep
def test_a_frame_that_fills_the_disk_of_spark_leaves_the_others_alone(
    rows: Dataset, data_dir: Path, worker_pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = partial(LocalSpark, watchdog_settings=WatchdogSettings(disk_bytes=100 << 20))
    monkeypatch.setattr(names, "LocalSpark", watched)
    filling = """
    far = df.select('n', F.lit('x').alias('s'))
    for name in 'mkj':
        far = far.crossJoin(df.select(F.col('n').alias(name)))
    far = far.select(F.md5(F.concat_ws('-', 'n', 'm', 'k', 'j')).alias('h'), 'n')
    return far.repartition(7, 'h').groupBy('h').agg(F.sum('n').alias('t')).agg(F.max('t')).first()[0]
    """
    with Engine("spark", native=False, roots=(data_dir,), workers=2, pool=worker_pool) as engine:
        b = result_of_b(engine, misbehaving(filling), rows, limits=Limits(frame_seconds=100))
        check_goes_on(engine, rows)
    assert ended(b) == ("backend_error", "backend-lost")


@pytest.mark.slow
def test_a_regular_expression_that_overflows_the_stack_costs_spark_nothing(
    rows: Dataset, spark_backend: LocalSpark, shared_options: dict[str, Any]
) -> None:
    text = "F.repeat(F.col('g'), 200_000)"
    overflowing = f"return df.agg(F.max(F.length(F.regexp_extract({text}, '((a|b|c))*', 0)))).first()[0]"
    with engine_on(spark_backend, **shared_options, workers=2) as engine:
        check_goes_on(engine, rows)
        before = generation_of(engine)
        b = result_of_b(engine, misbehaving(overflowing), rows)
        assert generation_of(engine) is before
    assert ended(b) == ("backend_error", "backend-error")
