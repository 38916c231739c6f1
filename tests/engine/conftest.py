"""One engine with native answers for all tests of this folder, its language layer on, and one with it off.

The tests share data: `rows.parquet`, small enough to be worked out by hand.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import Dataset, Engine
from engine.backends.native.backend import NativeSpark
from engine.models.layers import Layers
from tests.servers import engine_on

GROUPS = ("a", "b", "c")
ROWS = 300


def make_table(rows: int = ROWS) -> pa.Table:
    """Row i: `n` is i, `g` one of three groups in turn, `x` is i / 2 (null each tenth), `at` i minutes on."""
    start = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    return pa.table(
        {
            "n": pa.array(range(rows), pa.int64()),
            "g": [GROUPS[i % 3] for i in range(rows)],
            "x": [None if i % 10 == 0 else i / 2 for i in range(rows)],
            "at": pa.array([start + dt.timedelta(minutes=i) for i in range(rows)], pa.timestamp("us", "UTC")),
        }
    )


@pytest.fixture(scope="session")
def rows_file(data_dir: Path) -> Path:
    """The shared table, as Parquet."""
    folder = data_dir / "engine"
    folder.mkdir(exist_ok=True)
    path = folder / "rows.parquet"
    pq.write_table(make_table(), path)
    return path


@pytest.fixture(scope="session")
def rows(rows_file: Path) -> Dataset:
    """The shared table as a dataset."""
    return Dataset(rows_file, timestamp="at")


@pytest.fixture(scope="session")
def engine(native_backend: NativeSpark, shared_options: dict[str, Any]) -> Iterator[Engine]:
    """An engine with every layer on; do not close it. What asks Spark is marked `spark`."""
    with engine_on(native_backend, **shared_options, workers=2) as made:
        yield made


@pytest.fixture(scope="session")
def bare(native_backend: NativeSpark, shared_options: dict[str, Any]) -> Iterator[Engine]:
    """An engine whose guests are ordinary Python: only the kernel and the gateway hold them."""
    with engine_on(native_backend, **shared_options, workers=2, layers=Layers(language=False)) as made:
        yield made
