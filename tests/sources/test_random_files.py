"""Files at random, asked for filters, aggregates and segments, fused and not; see `random_files`."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import Engine
from engine.backends.spark.backend import LocalSpark
from tests.servers import SharedPool, engine_on
from tests.sources.random_files import ask, write_folder
from tests.tiers import DEEP

_EXAMPLES = {"duckdb": 4, "spark": 1}


def _marks(backend: str, seed: int) -> list[pytest.MarkDecorator]:
    spark = [pytest.mark.spark] if backend == "spark" else []
    return [*spark, *(DEEP if seed else (pytest.mark.slow,))]


@pytest.fixture(scope="module")
def duckdb_engine(data_dir: Path, worker_pool: SharedPool) -> Iterator[Engine]:
    with Engine("duckdb", roots=(data_dir,), pool=worker_pool) as made:
        yield made


@pytest.fixture
def spark_engine(
    spark_backend: LocalSpark, data_dir: Path, spool_dir: Path, worker_pool: SharedPool
) -> Iterator[Engine]:
    with engine_on(spark_backend, spool_dir, roots=(data_dir,), pool=worker_pool) as made:
        yield made


@pytest.mark.parametrize(
    ("backend", "seed"),
    [
        pytest.param(backend, seed, marks=_marks(backend, seed))
        for backend, count in _EXAMPLES.items()
        for seed in range(count)
    ],
)
def test_every_answer_is_that_of_the_rows(
    request: pytest.FixtureRequest, data_dir: Path, backend: str, seed: int
) -> None:
    folder = data_dir / "random" / f"{backend}-{seed}"
    folder.mkdir(parents=True)
    try:
        chance = random.Random(seed)
        made = write_folder(folder, chance)
        assert not ask(request.getfixturevalue(f"{backend}_engine"), backend, made, chance)
    finally:
        shutil.rmtree(folder)
