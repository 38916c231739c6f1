"""Iceberg tables that Spark wrote: calcmetric reads the rows that Spark reads, on every local backend."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.documents import ROOT
from tests.sources.conftest import RowBatch
from tests.sources.spooled import refusal

pytestmark = pytest.mark.slow

# Iceberg's library for Spark comes with a package for Spark 3.5, and ours is another Spark:
# python3 -m venv .spark && .spark/bin/pip install 'pyspark==3.5.*' snowpark-connect-deps-iceberg
PYTHON = Path(os.environ.get("CALCMETRIC_SPARK_TABLES", ROOT / ".spark")) / "bin" / "python"
WRITER = Path(__file__).with_name("spark_tables.py")


@pytest.fixture(scope="session")
def warehouse(data_dir: Path) -> Path:
    """Tables that Spark wrote; without its environment, or a Java that it runs on, tests are skipped."""
    if not PYTHON.exists() or shutil.which("java") is None:
        pytest.skip("Spark 3.5 with Iceberg's library is not installed in .spark, or there is no Java")
    made = data_dir / "warehouse"
    made.mkdir()
    done = subprocess.run(
        [PYTHON, WRITER, made],
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
        cwd=made,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return made


@pytest.mark.parametrize("name", ["evolved", "merged", "copied"])
def test_what_spark_wrote_is_read_as_spark_reads_it(
    read: Callable[[Any], RowBatch], warehouse: Path, name: str
) -> None:
    told = json.loads((warehouse / f"{name}.json").read_text())
    found = read(f"iceberg:{warehouse}/w/{name}")
    assert list(found[0]) == told["columns"]
    rows = [{key: str(value) for key, value in row.items()} for row in found]
    assert sorted(rows, key=str) == told["rows"]


def test_deletion_vectors_of_spark_are_refused_by_name(resolve: Callable[..., Any], warehouse: Path) -> None:
    error = refusal(resolve, f"iceberg:{warehouse}/w/vectors")
    assert "deletion vectors" in str(error) and error.code == "table-feature"
