"""What metrics of two frames give through the product, beside plain PySpark, pandas and scipy."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd
import pytest

from engine import Baseline, Dataset, Engine, Run, SegmentGroup
from engine.models.frame import Segment
from engine.models.result import Result
from tests.baselines.corpus import Case
from tests.baselines.data import END, GROUPS, RANGE, between, inside, make_data, make_training
from tests.baselines.expected import load_expected

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
