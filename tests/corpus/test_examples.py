"""The examples that a reader tries first: they run on the sample beside them, and mean what they say."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy import stats

from engine import Dataset, Engine
from examples.make_data import make_table
from tests.corpus.frames import HERE, compute_fingerprint
from tests.servers import ASKS_SPARK, engine_on
from tests.tiers import all_but

EXAMPLES = HERE.parents[1] / "examples"
PAYMENTS = EXAMPLES / "payments.parquet"


def _auc(p: pd.DataFrame) -> float:
    frauds, honest = p.score[p.label == 1], p.score[p.label == 0]
    return float(stats.mannwhitneyu(frauds, honest).statistic / (len(frauds) * len(honest)))


def _calibration_error(p: pd.DataFrame) -> float:
    bins = p.groupby(np.minimum(np.floor(p.score * 10), 9))
    return float((bins.size() * (bins.score.mean() - bins.label.mean()).abs()).sum() / len(p))


def _score_drift(p: pd.DataFrame) -> float:
    recent = pd.to_datetime(p.event_date) > pd.Timestamp("2026-04-30") - pd.Timedelta(days=7)
    edges = np.linspace(0, 1, 11)
    used = np.histogram(p.score, edges)[0] > 0
    before, now = (np.histogram(p.score[side], edges)[0][used] + 0.5 for side in (~recent, recent))
    before, now = before / before.sum(), now / now.sum()
    return float(((now - before) * np.log(now / before)).sum())


def _wilson(p: pd.DataFrame) -> float:
    return float(stats.binomtest(int(p.label.sum()), len(p)).proportion_ci(0.95, "wilson").low)


FORMULAS = {
    "auc": _auc,
    "average_age": lambda p: p.age.mean(),
    "calibration_error": _calibration_error,
    "fraud_rate_at_least": _wilson,
    "score_drift": _score_drift,
    "separation": lambda p: stats.ks_2samp(p.score[p.label == 1], p.score[p.label == 0]).statistic,
    "slow_payments": lambda p: p.latency_ms.quantile(0.95),
}


@pytest.fixture(scope="module", params=ASKS_SPARK)
def engine(request: pytest.FixtureRequest, shared_options: Mapping[str, Any]) -> Iterator[Engine]:
    with engine_on(request.getfixturevalue(f"{request.param}_backend"), **shared_options) as engine:
        yield engine


@pytest.fixture(scope="module")
def payments(data_dir: Path) -> Dataset:
    """The sample, where the shared servers may read it."""
    return Dataset(shutil.copy(PAYMENTS, data_dir / "sample.parquet"), timestamp="ts")


def test_the_sample_is_what_the_generator_makes() -> None:
    made = make_table(3_000, age_nulls=0.0)
    assert compute_fingerprint(pq.read_table(PAYMENTS)) == compute_fingerprint(made)


def test_every_example_has_a_formula_here() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*FORMULAS, "make_data"}


@pytest.mark.parametrize("name", all_but(("calibration_error", "score_drift"), sorted(FORMULAS)))
def test_an_example_gives_what_it_says(name: str, engine: Engine, payments: Dataset) -> None:
    run = engine.evaluate((EXAMPLES / f"{name}.py").read_text(), payments)
    want = FORMULAS[name](pq.read_table(PAYMENTS).to_pandas())
    assert run.overall.status == "ok", run.overall
    assert math.isclose(run.overall.value, want, rel_tol=1e-9)
