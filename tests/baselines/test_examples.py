"""The examples of the guide: against training data and the window before, each the numbers of scipy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import spatial, stats

from engine import Baseline, Dataset, SegmentGroup, TimeRange
from engine.runs.options import RunOptions

pytestmark = pytest.mark.spark

EXAMPLES = Path(__file__).parents[2] / "examples"
PAYMENTS = pd.read_parquet(EXAMPLES / "payments.parquet")
MIDDLE = pd.Timestamp("2026-04-16", tz="UTC")
TIME = PAYMENTS["ts"].dt.tz_localize("UTC") if PAYMENTS["ts"].dt.tz is None else PAYMENTS["ts"]
OLD, NEW = PAYMENTS[TIME < MIDDLE], PAYMENTS[MIDDLE <= TIME]
BY_PLAN = SegmentGroup.by_value("plan", top=5)


def _drift(now: pd.DataFrame, before: pd.DataFrame) -> dict[str, float]:
    x, y = now["score"].dropna(), before["score"].dropna()
    edges = np.unique(np.quantile(y, np.linspace(0, 1, 11)[1:-1]))
    p, q = (np.histogram(one, [-np.inf, *edges, np.inf])[0] + 0.5 for one in (y, x))
    p, q = p / p.sum(), q / q.sum()
    return {
        "psi": float(stats.entropy(q, p) + stats.entropy(p, q)),
        "js": float(spatial.distance.jensenshannon(p, q, base=2)),
        "ks": float(stats.ks_2samp(x, y).statistic),
        "wasserstein": float(stats.wasserstein_distance(x, y)),
    }


def _psi(now: pd.DataFrame, before: pd.DataFrame) -> dict[str, float]:
    edges = [-np.inf, *np.arange(1, 10) / 10, np.inf]
    p, q = (np.histogram(one["score"].dropna(), edges)[0] + 0.5 for one in (before, now))
    p, q = p / p.sum(), q / q.sum()
    return {"": float(stats.entropy(q, p) + stats.entropy(p, q))}


def _new(now: pd.DataFrame, before: pd.DataFrame) -> dict[str, float]:
    return {"": float((~now["merchant_id"].isin(before["merchant_id"])).mean())}


def _change(now: pd.DataFrame, before: pd.DataFrame) -> dict[str, float]:
    (p, a), (q, b) = (
        (
            one["label"].mean(),
            stats.binomtest(int(one["label"].sum()), len(one)).proportion_ci(0.95, "wilson"),
        )
        for one in (now, before)
    )
    return {
        "change": p - q,
        "low": p - q - math.hypot(p - a.low, b.high - q),
        "high": p - q + math.hypot(a.high - p, q - b.low),
    }


FORMULAS = {"drift": _drift, "psi": _psi, "new_categories": _new, "rate_change": _change}


def test_each_example_is_checked():
    assert {path.stem for path in (EXAMPLES / "baselines").glob("*.py")} == set(FORMULAS)


@pytest.mark.parametrize("against", ["training", "previous"])
@pytest.mark.parametrize("name", FORMULAS)
def test_the_numbers_are_those_of_scipy(native_engine, name, against):
    source = (EXAMPLES / "baselines" / f"{name}.py").read_text()
    if against == "training":
        data, options = Dataset(NEW), RunOptions(baseline=Baseline.data(Dataset(OLD)))
        before = OLD
    else:
        length = MIDDLE + (MIDDLE - pd.Timestamp("2026-04-01", tz="UTC"))
        span = TimeRange(MIDDLE.to_pydatetime(), length.to_pydatetime())
        data = Dataset(PAYMENTS.assign(ts=TIME), timestamp="ts")
        options = RunOptions(baseline=Baseline.previous(), time=span)
        before = PAYMENTS[(pd.Timestamp("2026-04-01", tz="UTC") <= TIME) & (TIME < MIDDLE)]
    now = NEW if against == "training" else PAYMENTS[(MIDDLE <= TIME) & (length > TIME)]
    run = native_engine.evaluate(source, data, segments=[BY_PLAN], **options)
    for result in run.results:
        segment = result.frame.segment
        mine, theirs = ((one if segment is None else one[_is(one, segment.value)]) for one in (now, before))
        wanted: Mapping[str, float] = FORMULAS[name](mine, theirs)
        assert (result.rows, result.baseline_rows) == (len(mine), len(theirs))
        assert result.value == pytest.approx(wanted[result.name or ""], rel=1e-9, abs=1e-12), result


def _is(rows: pd.DataFrame, value: object) -> pd.Series:
    return rows["plan"].isna() if value is None else rows["plan"] == value
