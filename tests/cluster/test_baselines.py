"""Metrics of two frames on a cluster behind sc:// in another time zone: the same numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine import Baseline, Dataset, Engine
from tests.baselines.compared import TRAINING, check, check_plain, compute, of_first, of_previous, of_training
from tests.baselines.corpus import CASES
from tests.cluster.cluster import Cluster
from tests.servers import SharedPool

pytestmark = [pytest.mark.slow, pytest.mark.cluster, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, worker_pool: SharedPool) -> Iterator[Engine]:
    """An engine on a cluster that nobody disturbs."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start()
        with Engine(cluster.address, workers=2, pool=worker_pool) as made:
            yield made
    finally:
        cluster.stop()


@pytest.mark.parametrize("name", CASES)
def test_by_segment_against_training_data(engine, name):
    run = compute(engine, CASES[name], Baseline.data(Dataset(TRAINING)), every=None)
    check(run, CASES[name], of_training)
    check_plain(run, name, "training")


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("name", list(CASES)[::5])
def test_by_segment_and_window(engine, name, fuse):
    check(compute(engine, CASES[name], Baseline.previous(), every="1d", fuse=fuse), CASES[name], of_previous)
    check(compute(engine, CASES[name], Baseline.first("3d"), every="3d", fuse=fuse), CASES[name], of_first)
