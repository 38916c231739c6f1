"""Engines that two tenants use at a time, and data that can be worked out by hand."""

from __future__ import annotations

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

KINDS = 24
ROWS = 4_800


@pytest.fixture(scope="session")
def many_file(data_dir: Path) -> Path:
    """Row i: `n` is i, `kind` one of 24 in turn, `text` a hundred characters."""
    folder = data_dir / "tenants"
    folder.mkdir(exist_ok=True)
    path = folder / "rows.parquet"
    columns = {
        "n": pa.array(range(ROWS), pa.int64()),
        "kind": [f"k{i % KINDS:02}" for i in range(ROWS)],
        "text": [f"{i:0100}" for i in range(ROWS)],
    }
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture(scope="session")
def many(many_file: Path) -> Dataset:
    """That table as a dataset."""
    return Dataset(many_file)


@pytest.fixture(scope="session")
def shared(native_backend: NativeSpark, shared_options: dict[str, Any]) -> Iterator[Engine]:
    """One server and one zygote for all tenants; guests are ordinary Python, which only the kernel holds."""
    with engine_on(native_backend, **shared_options, workers=2, layers=Layers(language=False)) as made:
        yield made


@pytest.fixture(scope="session")
def single(native_backend: NativeSpark, data_dir: Path, spool_dir: Path) -> Iterator[Engine]:
    """The same with a zygote of its own, and one worker for each run: frames follow each other in it."""
    layers = Layers(language=False)
    with engine_on(native_backend, spool_dir, roots=(data_dir,), workers=1, layers=layers) as made:
        yield made
