"""Several metrics over one dataset: the results of separate runs, from fewer queries."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from engine import Dataset, Limits, Run, SegmentGroup, SourcesRefused, UsageError
from engine.queries import counting
from tests.engine.support import BY_GROUP, metric

pytestmark = pytest.mark.spark

SOURCES = {
    "sum": metric("return df.agg(F.sum('n')).first()[0]"),
    "even": metric("return df.filter('n % 2 = 0').agg(F.sum('n'), F.avg('x')).first()[0]"),
    "spread": metric("return df.filter(F.col('n') > 10).agg(F.stddev('x')).first()[0]"),
    "rows": metric("return df.count()"),
    "median": metric("return df.agg(F.expr('percentile(n, 0.5)')).first()[0]"),
    "array": metric("return float(df.select('n').toPandas()['n'].max())"),
    "fails": metric("return df.agg(F.sum('n')).first()[0] / (df.count() - 100)"),
    "asks nothing": metric("return 1"),
}


def values(run: Run) -> list[tuple[object, ...]]:
    return [(one.frame, one.status, one.rows, one.error and one.error.code) for one in run.results]


@pytest.fixture
def together(engine, rows, monkeypatch):
    # However busy the machine is. Those that wait for a worker ask nothing before others have ended.
    monkeypatch.setattr(counting, "_SOON_SECONDS", 600.0)
    monkeypatch.setattr(counting, "_FIRST_QUESTION_SECONDS", 3.0)
    return engine.evaluate_many(
        SOURCES, rows, segments=[BY_GROUP, SegmentGroup.by_buckets("n", [0, 50, 300])]
    )


@pytest.mark.slow
def test_results_are_those_of_separate_runs(engine, rows, together):
    assert list(together) == [run.metric for run in together.values()] == list(SOURCES)
    groups = [BY_GROUP, SegmentGroup.by_buckets("n", [0, 50, 300])]
    for run, (name, source) in zip(together.values(), SOURCES.items(), strict=True):
        alone = engine.evaluate(source, rows, segments=groups, name=name, fuse=False)
        assert values(run) == values(alone), name
        for one, other in zip(run.results, alone.results, strict=True):
            assert one.value == pytest.approx(other.value, rel=1e-9, nan_ok=True), name


@pytest.mark.slow
def test_the_data_is_counted_once_and_first_questions_travel_together(together):
    queries = {name: run.report.queries for name, run in together.items()}
    # One of them counts for all; what each asks first costs no more than finding out its type.
    assert sum(queries[name] for name in ("sum", "even", "spread", "rows")) <= 4 + 4
    assert queries["asks nothing"] <= 1
    shared = {name: {one.how for one in run.report.sharing} for name, run in together.items()}
    assert shared["spread"] == {"cells"} and "rows" in shared["array"]


def test_all_refused_sources_are_told_and_nothing_runs(engine, rows):
    with pytest.raises(SourcesRefused) as refused:
        engine.evaluate_many({**SOURCES, "one": "import os", "two": "x = ("}, rows)
    assert set(refused.value.by_metric) == {"one", "two"}
    assert "one" in str(refused.value) and "two" in str(refused.value)


def test_more_metrics_than_run_at_a_time(engine, rows):
    sources = {f"m{i}": metric(f"return df.agg(F.sum('n')).first()[0] + {i}") for i in range(20)}
    runs = engine.evaluate_many(sources, rows, segments=[BY_GROUP])
    assert [run.overall.value for run in runs.values()] == [44850.0 + i for i in range(20)]


def test_progress_is_that_of_all_together(engine, rows):
    seen = []
    engine.evaluate_many(
        dict(list(SOURCES.items())[:3]),
        rows,
        segments=[BY_GROUP],
        on_progress=lambda progress: seen.append(progress),
    )
    assert (seen[-1].stage, seen[-1].done, seen[-1].total) == ("done", 12, 12)
    assert all(one.done <= one.total for one in seen if one.total)


def test_no_metrics_at_all_and_wrong_arguments(engine, rows):
    assert engine.evaluate_many({}, rows) == {}
    with pytest.raises(UsageError, match="dict"):
        engine.evaluate_many([SOURCES["sum"]], rows)
    with pytest.raises(UsageError, match="names"):
        engine.evaluate_many(SOURCES, rows, name="x")
    with pytest.raises(UsageError, match="fuse"):
        engine.evaluate_many(SOURCES, rows, fuse="no")
    with pytest.raises(UsageError, match=r"Metric\(source, params"):
        engine.evaluate_many(SOURCES, rows, params={"threshold": 1})


def test_all_can_be_cancelled_from_elsewhere(engine, rows):
    stuck = "def calc_metric(df):\n    while True:\n        pass\n"
    given: list[Any] = []

    def see(progress):
        if progress.stage == "calculating":
            threading.Thread(target=given[0]).start()

    sources = {"one": stuck, "two": stuck + "#"}
    runs = engine.evaluate_many(sources, rows, on_start=given.append, on_progress=see)
    assert [run.overall.status for run in runs.values()] == ["cancelled"] * 2


def test_only_so_many_rows_can_be_asked_for_and_excuses_are_kept(engine, rows):
    source = metric("return df.count() / df.count()")
    few = Dataset(rows.source, rows=3)
    run = engine.evaluate(source, few, segments=[SegmentGroup.where("none", "1 = 0")])
    assert (run.overall.value, run.overall.rows, run.overall.excuse) == (1.0, 3, None)
    nothing = run.results[1]
    assert (nothing.status, nothing.excuse.code, nothing.error) == ("no_data", "raised", None)
    assert "ZeroDivisionError" in nothing.excuse.message and nothing.excuse.line
    for wrong in (0, -1, True, 1.5):
        with pytest.raises(UsageError, match="rows"):
            Dataset(rows.source, rows=wrong)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_question_that_may_loop_does_not_travel_with_another_runs(engine, rows, monkeypatch):
    loops = "F.aggregate(F.sequence(F.lit(1), F.lit(50)), F.lit(0), lambda a, x: (a * 7 + x) % 9)"
    sources = {"honest": SOURCES["sum"], "loops": metric(f"return df.agg(F.sum({loops})).first()[0]")}
    joined, make = [], counting._Common.of

    def of(source, offers):
        joined.append((len(offers), common := make(source, offers)))
        return common

    monkeypatch.setattr(counting, "_FIRST_QUESTION_SECONDS", 600.0)  # both come
    monkeypatch.setattr(counting._Common, "of", of)
    runs = engine.evaluate_many(sources, rows, segments=[BY_GROUP])
    ((offered, common),) = joined
    assert common is not None and (offered, common.runs) == (2, 1)
    assert common.offers[0].states is not None, "the honest one is answered along with the count"
    for name, run in runs.items():
        alone = engine.evaluate(sources[name], rows, segments=[BY_GROUP])
        assert [one.value for one in run.results] == [one.value for one in alone.results]
        assert {one.status for one in run.results} == {"ok"}


@pytest.mark.slow
def test_a_slow_neighbour_costs_the_others_neither_results_nor_their_limits(engine, rows):
    steps = "F.sequence(F.lit(1), F.lit(5_000_000)), F.lit(0), lambda a, x: (a * 7 + x) % 9"
    slow = metric(f"return df.agg(F.sum(F.aggregate({steps}))).first()[0]")
    sources = {"honest": SOURCES["sum"], "slow": slow}
    limits = Limits(frame_seconds=8, wall_seconds=120)
    alone = engine.evaluate(SOURCES["sum"], rows, limits=limits)
    runs = engine.evaluate_many(sources, rows, limits=limits)
    told = [[(one.status, one.value, one.rows) for one in run.results] for run in (alone, runs["honest"])]
    assert told[0] == told[1]
    assert {one.status for one in runs["slow"].results} <= {"limit", "ok"}
