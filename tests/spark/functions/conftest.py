"""Data with the corpus's columns, for the shared servers."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.spark.functions.corpus import TABLE, WIDE


@pytest.fixture(scope="session")
def plain_data(data_dir: Path) -> str:
    folder = data_dir / "functions"
    folder.mkdir()
    pq.write_table(TABLE, folder / "plain.parquet")
    return str(folder / "plain.parquet")


@pytest.fixture(scope="session")
def wide_data(data_dir: Path) -> str:
    folder = data_dir / "functions_wide"
    folder.mkdir()
    pq.write_table(WIDE, folder / "wide.parquet")
    return str(folder / "wide.parquet")
