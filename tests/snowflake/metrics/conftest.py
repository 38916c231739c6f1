"""A DuckDB process and an engine on it, shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine import Dataset, Engine
from engine.models.layers import Layers
from engine.pool.pool import WorkerPool
from tests.engine.conftest import make_table


@pytest.fixture(scope="session")
def snow_engine(data_dir: Path, worker_pool: WorkerPool) -> Iterator[Engine]:
    """An engine on DuckDB with every layer on; do not close it."""
    with Engine("duckdb", roots=(data_dir,), workers=2, pool=worker_pool) as made:
        yield made


@pytest.fixture(scope="module")
def bare(data_dir: Path, worker_pool: WorkerPool) -> Iterator[Engine]:
    """An engine whose guests are ordinary Python: only the kernel and the gateway hold them."""
    layers = Layers(language=False)
    with Engine("duckdb", roots=(data_dir,), workers=1, layers=layers, pool=worker_pool) as made:
        yield made


@pytest.fixture(scope="session")
def snow_rows(data_dir: Path) -> Dataset:
    """The table of the engine's tests as a dataset."""
    folder = data_dir / "snowpark"
    folder.mkdir(exist_ok=True)
    pq.write_table(make_table(), folder / "rows.parquet")
    return Dataset(folder / "rows.parquet", timestamp="at")
