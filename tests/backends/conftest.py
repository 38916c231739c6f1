"""Servers that all tests here share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.backends.local.server import LocalServer
from tests.backends.little import LittleServer

# What is the same for every local server. Tests that end servers, or ask hundreds of times, take twenty
# seconds on Spark.
BOTH = ("little", pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.slow]))


@pytest.fixture(scope="session")
def little_backend(data_dir: Path, spool_dir: Path) -> Iterator[LittleServer]:
    """A server that only counts; do not close it."""
    with contextlib.closing(LittleServer((data_dir,), spool_dir)) as backend:
        yield backend


@pytest.fixture(params=BOTH)
def backend(request: pytest.FixtureRequest) -> LocalServer:
    """Each local server in turn."""
    server: LocalServer = request.getfixturevalue(f"{request.param}_backend")
    return server
