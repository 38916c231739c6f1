"""Metrics of two frames through the product: the numbers of plain PySpark, pandas and scipy."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pandas as pd
import pytest

from engine import Baseline, Dataset
from tests.baselines.compared import (
    DATA,
    TRAINING,
    check,
    check_plain,
    compute,
    of_first,
    of_previous,
    of_training,
)
from tests.baselines.corpus import CASES
from tests.baselines.data import START, between
from tests.servers import engine_on
from tests.tiers import DEEP, SLOW, slow_one_in

pytestmark = pytest.mark.spark

# Spark alone answers them, for each frame, whether others are fused or not.
SPARKS = {"sql over both", "baseline with itself", "above the baseline's median"}
EVERY_FOURTH = set(list(CASES)[::4])
EVERY_FIFTH = set(list(CASES)[::5]) - SPARKS


@pytest.mark.parametrize("name", slow_one_in(12, CASES, quick=EVERY_FIFTH))
def test_training_data_by_segment(native_engine, name):
    run = compute(native_engine, CASES[name], Baseline.data(Dataset(TRAINING)), every=None)
    check(run, CASES[name], of_training)
    check_plain(run, name, "training")
    assert {one.baseline_rows for one in run.results if str(one.frame.segment) == "country = XX"} <= {0}


KINDS = ("training", "previous", "first")
# Each metric with one kind, in turns; every fifth of the others with all, one of which is for every day.
WINDOWS_BY_DEFAULT = sorted(EVERY_FIFTH)[:2]


def marks_of(kind: str, name: str, own: str) -> Sequence[pytest.MarkDecorator]:
    """A few are quick, and each fourth metric that is answered natively is part of CI."""
    if kind != own or name in SPARKS or name not in EVERY_FOURTH:
        return DEEP
    return () if name in WINDOWS_BY_DEFAULT else (SLOW,)


BY_WINDOW = [
    pytest.param(kind, name, marks=marks_of(kind, name, own))
    for name, own in zip(CASES, itertools.cycle(KINDS))
    for kind in (KINDS if name in EVERY_FIFTH else (own,))
]


@pytest.mark.parametrize(("kind", "name"), BY_WINDOW)
def test_by_segment_and_window_fused_and_not(native_engine, name, kind):
    baseline, rows = {
        "training": (Baseline.data(Dataset(TRAINING)), of_training),
        "previous": (Baseline.previous(), of_previous),
        "first": (Baseline.first("3d"), of_first),
    }[kind]
    for fuse in (True,) if name in SPARKS else (True, False):
        # Plain PySpark was asked for days; others have fewer windows, the last of which is shorter.
        run = compute(
            native_engine, CASES[name], baseline, every="1d" if kind == "previous" else "3d", fuse=fuse
        )
        check(run, CASES[name], rows)
        if kind == "previous":
            check_plain(run, name, kind)
            check_plain(compute(native_engine, CASES[name], baseline, every=None, fuse=fuse), name, kind)


@pytest.mark.spark
@pytest.mark.parametrize("name", slow_one_in(6, sorted(EVERY_FIFTH)))
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
