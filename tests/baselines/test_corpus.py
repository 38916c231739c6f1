"""Metrics of two frames through the product: the numbers of plain PySpark, pandas and scipy."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import pandas as pd
import pytest

from engine import Baseline, Dataset, Engine, Run, SegmentGroup
from engine.models.frame import Segment
from engine.models.result import Result
from tests.baselines.corpus import CASES, Case
from tests.baselines.data import END, GROUPS, RANGE, START, between, inside, make_data, make_training
from tests.baselines.expected import load_expected
from tests.servers import engine_on
from tests.tiers import DEEP, SLOW, only

pytestmark = pytest.mark.spark

DATA, TRAINING = make_data(), make_training()
PLAIN = load_expected()
CROSS = SegmentGroup.cross(GROUPS[0], GROUPS[1])
# Which rows a frame is compared with, by its segment and window.
Rows = Callable[[Segment | None, pd.Timestamp, pd.Timestamp], pd.DataFrame]


def of_training(segment: Segment | None, _start: pd.Timestamp, _end: pd.Timestamp) -> pd.DataFrame:
    return inside(TRAINING, segment)


def of_previous(segment: Segment | None, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    return inside(between(DATA, start - (end - start), start), segment)


def of_first(segment: Segment | None, _start: pd.Timestamp, _end: pd.Timestamp) -> pd.DataFrame:
    first = DATA["ts"].min()
    return inside(between(DATA, first, first + pd.Timedelta(days=3)), segment)


def of_frame(result: Result) -> tuple[Segment | None, pd.Timestamp, pd.Timestamp]:
    """The segment and the window of a result; of the whole range its ends."""
    segment, window = result.frame.segment, result.frame.window
    if window is None:
        return segment, pd.Timestamp("2026-10-06", tz="UTC"), END
    return segment, pd.Timestamp(window.start), pd.Timestamp(window.end)


def check(run: Run, case: Case, rows: Rows) -> None:
    """Compare each result with what its rows give in pandas and scipy."""
    for result in run.results:
        segment, start, end = of_frame(result)
        mine, theirs = inside(between(DATA, start, end), segment), rows(segment, start, end)
        assert (result.rows, result.baseline_rows) == (len(mine), len(theirs)), result
        if not len(mine) or not len(theirs):
            continue
        want = case.formula(mine, theirs)
        if math.isnan(want):
            assert result.status == "nan", result
        else:
            assert result.status == "ok", result
            assert result.value == pytest.approx(want, rel=1e-9, abs=1e-9), result


def check_plain(run: Run, name: str, kind: str) -> None:
    """Compare results with what plain PySpark gave for the same rows."""
    results = {}
    for result in run.results:
        segment, window = result.frame.segment, result.frame.window
        if window is None:
            results[f"{kind}: {segment or 'all'}"] = result
        elif segment is None:
            results[f"{kind}: {window.start.date()}"] = result
    known = results.keys() & PLAIN[name].keys()
    assert len(known) == (6 if run.results[-1].frame.window else 9), results
    for pair in known:
        assert results[pair].status == "ok", results[pair]
        assert results[pair].value == pytest.approx(PLAIN[name][pair], rel=1e-9, abs=1e-9), pair


def compute(engine: Engine, case: Case, baseline: Baseline, *, every: str | None, fuse: bool = True) -> Run:
    data = Dataset(DATA, timestamp="ts")
    return engine.evaluate(
        case.source, data, baseline=baseline, segments=[*GROUPS, CROSS], time=RANGE, every=every, fuse=fuse
    )


# Spark alone answers them, for each frame, whether others are fused or not.
SPARKS = {"sql over both", "baseline with itself", "above the baseline's median"}
EVERY_FIFTH = set(list(CASES)[::5]) - SPARKS


@pytest.mark.parametrize("name", only(EVERY_FIFTH, CASES))
def test_training_data_by_segment(native, name):
    run = compute(native, CASES[name], Baseline.data(Dataset(TRAINING)), every=None)
    check(run, CASES[name], of_training)
    check_plain(run, name, "training")
    assert {one.baseline_rows for one in run.results if str(one.frame.segment) == "country = XX"} <= {0}


KINDS = ("training", "previous", "first")
# Each metric with one kind, in turns; every fifth of the others with all, one of which is for every day.
WINDOWS_BY_DEFAULT = sorted(EVERY_FIFTH)[:2]


def marks_of(kind: str, name: str, own: str) -> Sequence[pytest.MarkDecorator]:
    """A few are quick, and one of each metric that is answered natively is part of CI."""
    if kind != own or name in SPARKS:
        return DEEP
    return () if name in WINDOWS_BY_DEFAULT else (SLOW,)


BY_WINDOW = [
    pytest.param(kind, name, marks=marks_of(kind, name, own))
    for name, own in zip(CASES, itertools.cycle(KINDS))
    for kind in (KINDS if name in EVERY_FIFTH else (own,))
]


@pytest.mark.parametrize(("kind", "name"), BY_WINDOW)
def test_by_segment_and_window_fused_and_not(native, name, kind):
    baseline, rows = {
        "training": (Baseline.data(Dataset(TRAINING)), of_training),
        "previous": (Baseline.previous(), of_previous),
        "first": (Baseline.first("3d"), of_first),
    }[kind]
    for fuse in (True,) if name in SPARKS else (True, False):
        # Plain PySpark was asked for days; others have fewer windows, the last of which is shorter.
        run = compute(native, CASES[name], baseline, every="1d" if kind == "previous" else "3d", fuse=fuse)
        check(run, CASES[name], rows)
        if kind == "previous":
            check_plain(run, name, kind)
            check_plain(compute(native, CASES[name], baseline, every=None, fuse=fuse), name, kind)


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EVERY_FIFTH))
def test_on_spark_itself(spark_backend, shared_options, name):
    with engine_on(spark_backend, **shared_options) as engine:
        check(
            compute(engine, CASES[name], Baseline.data(Dataset(TRAINING)), every=None),
            CASES[name],
            of_training,
        )
        check(compute(engine, CASES[name], Baseline.previous(), every="1d"), CASES[name], of_previous)


def test_there_is_data_before_the_range():
    assert len(between(DATA, START, pd.Timestamp("2026-10-06", tz="UTC"))) > 100
