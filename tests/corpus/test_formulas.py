"""The expected numbers against second opinions; no data engine is needed for this."""

import math

import pandas as pd
import pytest

from tests.corpus.expected import load_expected
from tests.corpus.formulas import FORMULAS
from tests.corpus.frames import FRAMES, compute_fingerprint, make_corpus_table, metric_paths
from tests.corpus.plain import describe_value
from tests.tiers import one_in

EXPECTED = load_expected()


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    frame: pd.DataFrame = make_corpus_table().to_pandas()
    return frame


def test_the_dataset_is_the_one_that_the_numbers_were_computed_on():
    assert compute_fingerprint(make_corpus_table()) == EXPECTED["data"]["fingerprint"]


def test_every_metric_has_a_number_for_every_frame():
    assert set(EXPECTED["metrics"]) == set(metric_paths())
    for entry in EXPECTED["metrics"].values():
        assert list(entry["frames"]) == [frame.name for frame in FRAMES]


@pytest.mark.parametrize("name", one_in(4, sorted(FORMULAS)))
def test_a_second_way_gives_the_same(name, data):
    for frame in FRAMES:
        rows = data[frame.mask(data)]
        assert len(rows) == EXPECTED["frames"][frame.name]
        if rows.empty:
            continue
        want = EXPECTED["metrics"][name]["frames"][frame.name]
        got = describe_value(FORMULAS[name](rows))
        if "value" in want and "value" in got:
            assert math.isclose(got["value"], want["value"], rel_tol=1e-8), frame.name
        else:
            assert got == want, frame.name
