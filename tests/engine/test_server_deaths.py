"""Metrics that kill the local server again and again, beside others that must not be hurt by it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from engine import Dataset, Engine, Limits, SegmentGroup
from engine.backends import names
from engine.backends.sail import LocalSail
from engine.backends.spark import LocalSpark
from engine.backends.watch import Vigilance
from tests.engine.support import check_goes_on, metric, misbehaving, result_of_b
from tests.servers import QUICK_ON_SAIL

# Java takes its time to run out of memory, and to start again.
pytestmark = pytest.mark.timeout(600)
ROWS = 300

# What a frame does depends on its data, so that several means are at work at once.
FILLING = metric(
    """
    if df.agg(F.max('n')).first()[0] % 2 == 0:  # more memory than the server has, at once
        size = F.lit(900_000_000) + F.col('n').cast('int')
        return df.agg(F.sum(F.size(F.array_repeat(F.lit('x'), size)))).first()[0]
    many = df.select(F.explode(F.sequence(F.lit(1), F.lit(3_000_000))).alias('k'))  # bit by bit
    text = F.concat(F.repeat(F.lit('y'), 900), F.col('k').cast('string'))
    return many.agg(F.size(F.collect_list(text))).first()[0]
    """
)
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
    for number in range(5):
        far = far.union(far)
    pairs = far.agg(F.sum('n')).first()[0] / 32
    return pairs + df.count()
    """
)
KILLING = "return df.agg(F.sum(F.size(F.array_repeat(F.lit('x'), F.lit(900_000_000))))).first()[0]"


@pytest.fixture(params=QUICK_ON_SAIL, scope="module")
def fragile(request: pytest.FixtureRequest, data_dir: Path) -> Iterator[Engine]:
    """An engine whose server has a gibibyte of memory, which is soon used up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names, "LocalSail", partial(LocalSail, memory_bytes=1 << 30))
        patch.setattr(names, "LocalSpark", partial(LocalSpark, heap_bytes=1 << 30))
        with Engine(request.param, roots=(data_dir,), workers=2) as engine:
            yield engine


@pytest.mark.parametrize("fuse", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_honest_frames_are_right_beside_a_run_that_kills_the_server(
    fragile: Engine, rows: Dataset, fuse: bool
) -> None:
    check_goes_on(fragile, rows)
    before = fragile.backend.generation
    if fragile.backend.name == "sail":
        one_of_n = SegmentGroup.by_value("n", values=[0])
        filling = fragile.submit(FILLING, rows, segments=[one_of_n], fuse=False)
    else:  # Java works for minutes on its last bytes before it gives up
        filling = fragile.submit(metric(KILLING), rows)
    endless = fragile.submit(ENDLESS, rows, limits=Limits(frame_seconds=2))
    groups = [SegmentGroup.by_value("n", top=5), SegmentGroup.by_value("g")]
    of_groups = [100.0 * total + 100 for total in (14850, 14950, 15050)]
    expected = [ROWS * 44850.0 + ROWS, *(n + 1.0 for n in range(5)), *of_groups]
    runs = 0
    while runs < 2 or not all(run.progress.stage == "done" for run in (filling, endless)):
        run = fragile.evaluate(HONEST, rows, segments=groups, fuse=fuse)
        assert [one.value for one in run.results] == expected, run.results
        runs += 1
    for one in filling.result(timeout=5).results:
        assert math.isnan(one.value)
        assert (one.status, one.error.code) == ("backend_error", "backend-lost")
    (one,) = endless.result(timeout=5).results
    assert math.isnan(one.value)
    # It waits for too long, or three servers die under it before.
    assert one.error.code in {"limit-frame-seconds", "backend-lost"}
    assert fragile.backend.generation is not before
    check_goes_on(fragile, rows)


def test_a_frame_that_kills_the_server_leaves_the_others_of_its_run_alone(
    fragile: Engine, rows: Dataset
) -> None:
    b = result_of_b(fragile, misbehaving(KILLING), rows)
    assert (b.status, b.error.code) == ("backend_error", "backend-lost")


def test_a_question_that_kills_the_server_when_it_is_counted_along_does_not_cost_the_count(
    fragile: Engine, rows: Dataset
) -> None:
    # Each frame ends the server twice, and Java takes its time for that.
    groups = ["a", "b", "c"] if fragile.backend.name == "sail" else ["a"]
    run = fragile.evaluate(metric(KILLING), rows, segments=[SegmentGroup.by_value("g", values=groups)])
    assert [one.rows for one in run.results] == [300, *(100 for _ in groups)]
    assert {(one.status, one.error.code) for one in run.results} == {("backend_error", "backend-lost")}
    check_goes_on(fragile, rows)


@pytest.mark.spark
@pytest.mark.slow
def test_a_frame_that_fills_the_disk_of_spark_leaves_the_others_alone(
    rows: Dataset, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = partial(LocalSpark, vigilance=Vigilance(disk_bytes=100 << 20))
    monkeypatch.setattr(names, "LocalSpark", watched)
    filling = """
    far = df.select('n', F.lit('x').alias('s'))
    for name in 'mkj':
        far = far.crossJoin(df.select(F.col('n').alias(name)))
    far = far.select(F.md5(F.concat_ws('-', 'n', 'm', 'k', 'j')).alias('h'), 'n')
    return far.repartition(7, 'h').groupBy('h').agg(F.sum('n').alias('t')).agg(F.max('t')).first()[0]
    """
    with Engine("spark", roots=(data_dir,), workers=2) as engine:
        b = result_of_b(engine, misbehaving(filling), rows, limits=Limits(frame_seconds=100))
        check_goes_on(engine, rows)
    assert (b.status, b.error.code) == ("backend_error", "backend-lost")


@pytest.mark.spark
@pytest.mark.slow
def test_a_regular_expression_that_overflows_the_stack_costs_spark_nothing(
    rows: Dataset, data_dir: Path
) -> None:
    text = "F.repeat(F.col('g'), 200_000)"
    overflowing = f"return df.agg(F.max(F.length(F.regexp_extract({text}, '((a|b|c))*', 0)))).first()[0]"
    with Engine("spark", roots=(data_dir,), workers=2) as engine:
        check_goes_on(engine, rows)
        before = engine.backend.generation
        b = result_of_b(engine, misbehaving(overflowing), rows)
        assert engine.backend.generation is before
    assert (b.status, b.error.code) == ("backend_error", "backend-error")
