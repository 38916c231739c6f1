"""The rows of the corpus, and its numbers on whichever backend a module's `bench` has."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.corpus.snowpark.bench import NAMES, Results, SnowBench, make_flat_table


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return make_flat_table()


@pytest.fixture(scope="module")
def shared(bench: SnowBench) -> Results:
    """All metrics, with questions shared between frames."""
    return bench.compute(NAMES)
