"""scipy and statsmodels are loaded for the sources that use them, and whoever needs them gets them."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from typing import NoReturn

import pandas as pd
import pytest
from scipy import stats

from engine import Dataset, Engine
from engine.models.layers import Layers
from engine.pool.science import may_use_science
from sandbox.contract.limits import Limits
from sandbox.tripwire import ROOTS, Tripwire, set_tripwire

DATA = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0], "y": [2.0, 1.0, 4.0, 3.0, 5.0]})
PLAIN = "def calc_metric(df):\n    return df.count()\n"
# pandas imports scipy for this method, whose name no text tells.
BY_PANDAS = """
import pandas as pd

def calc_metric(df):
    print("seen once")
    pdf = df.to_pandas()
    return pdf.iloc[:, 0].corr(pdf.iloc[:, 1], method="ken" + "dall")
"""
IN_PLAIN_SIGHT = """
from scipy import stats

def calc_metric(df):
    pdf = df.to_pandas()
    return float(stats.kendalltau(pdf.iloc[:, 0], pdf.iloc[:, 1])[0])
"""
# Unrestricted Python, which says what the tripwire says, whatever it has.
CLAIMING = """
import gc

def calc_metric(df):
    from sandbox.client.transport import Transport
    transport = [one for one in gc.get_objects() if isinstance(one, Transport)][-1]
    transport.lack_science()
"""


class Lacked(Exception):
    """Stands for the end of the worker."""


def lack() -> NoReturn:
    raise Lacked


@pytest.mark.parametrize(
    "source",
    [
        "import scipy",
        "from  SciPy.stats import norm",
        "import statsmodels.stats.proportion as p",
        "pdf.corr(method='kendall')",
        "a.corr(b, 'spearman')",
        "s.interpolate(method='cubic')",
        "s.rolling(3, win_type='triang').mean()",
        "s.sparse.to_coo()",
    ],
)
def test_a_text_that_may_need_them_is_taken_for_one_that_does(source: str) -> None:
    assert may_use_science(source.encode())


def test_other_texts_are_not() -> None:
    assert not may_use_science(PLAIN.encode())
    assert not may_use_science(b"import numpy as np\nimport pandas as pd\nfrom pyspark.sql import functions")
    assert not may_use_science(b"\xff\x00")


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process without them, as far as imports can tell."""
    for name in list(sys.modules):
        if name.partition(".")[0] in ROOTS:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    set_tripwire(lack)
    yield


@pytest.mark.usefixtures("unloaded")
def test_every_way_to_them_is_noticed() -> None:
    a, b = pd.Series([1.0, 2.0, 3.0]), pd.Series([1.0, 3.0, 2.0])
    gaps = pd.Series([1.0, None, 3.0, 4.0, 5.0])
    ways = (
        lambda: importlib.import_module("scipy.stats"),
        lambda: importlib.import_module("statsmodels.stats.proportion"),
        lambda: importlib.util.find_spec("scipy"),
        lambda: a.corr(b, method="kendall"),
        lambda: a.corr(b, method="spearman"),
        lambda: gaps.interpolate(method="cubic"),
        lambda: a.rolling(2, win_type="triang").mean(),
    )
    for way in ways:
        with pytest.raises(Lacked):
            way()


def test_nothing_else_is() -> None:
    assert Tripwire(lack).find_spec("scipylike") is None
    assert Tripwire(lack).find_spec("numpy.scipy") is None


@pytest.mark.slow
def test_what_a_text_hides_is_run_once_more_with_them() -> None:
    """One engine for all: each start of one takes a second."""
    expected = stats.kendalltau(DATA["x"], DATA["y"])[0]
    with Engine("duckdb", workers=1) as engine:
        assert engine.evaluate(PLAIN, Dataset(DATA)).overall.value == len(DATA)
        worker = engine._services.pool.fork_worker(Limits(), client="snowpark")
        assert not worker.science
        worker.close()

        run = engine.evaluate(BY_PANDAS, Dataset(DATA))
        assert (run.overall.status, run.overall.value) == ("ok", expected)
        assert run.overall.printed == "seen once\n"
        assert run.report.workers == 2

        plain = engine.evaluate(IN_PLAIN_SIGHT, Dataset(DATA))
        assert plain.overall.value == pytest.approx(expected, rel=1e-12)
        # What it asked before it was found to lack something counts once, though it was asked twice.
        counted = (run.report.queries, run.report.fetched_bytes)
        assert counted == (plain.report.queries, plain.report.fetched_bytes)
        assert plain.report.workers == 1


@pytest.mark.slow
def test_who_claims_to_need_them_again_and_again_is_run_twice_at_most() -> None:
    with Engine("duckdb", workers=1, layers=Layers(language=False)) as engine:
        run = engine.evaluate(CLAIMING, Dataset(DATA))
        assert run.overall.error is not None
        assert (run.overall.status, run.overall.error.code) == ("lost", "worker-garbage")
        assert run.report.workers == 2
        assert engine.evaluate(PLAIN, Dataset(DATA)).overall.value == len(DATA)
