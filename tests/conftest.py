"""Shared fixtures: local servers, started once per test session and only when a test asks for one."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from engine.backends import spark
from engine.backends.sail import LocalSail
from engine.backends.spark import LocalSpark

# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# The questions of tests are many and small: not worth what Java's second compiler would spend on them.
spark.JAVA_OPTIONS = (*spark.JAVA_OPTIONS, "-XX:TieredStopAtLevel=1")  # type: ignore[misc]


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the shared servers may read; tests put their data into subfolders of it."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def spool_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where an engine may put data for the shared servers."""
    return tmp_path_factory.mktemp("spool")


@pytest.fixture(scope="session")
def spark_backend(data_dir: Path, spool_dir: Path) -> Iterator[LocalSpark]:
    """A confined local Spark server, shared by all tests; do not close it."""
    backend = LocalSpark((data_dir,), spool_dir)
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def sail_backend(data_dir: Path, spool_dir: Path) -> Iterator[LocalSail]:
    """A confined local Sail server, shared by all tests; do not close it."""
    backend = LocalSail((data_dir,), spool_dir)
    yield backend
    backend.close()


def pytest_collection_finish() -> None:
    """Spare every garbage collection a walk through the thousands of tests."""
    gc.collect()
    gc.freeze()
