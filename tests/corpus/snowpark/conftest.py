"""The rows of the corpus, and its numbers on whichever backend a module's `bench` has."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.corpus.snowpark.bench import NAMES, Results, SnowBench, make_flat_table


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return make_flat_table()


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest, bench: SnowBench) -> Results:
    """The metrics that are tested, with questions shared between frames."""
    chosen = {
        item.callspec.params.get("name")
        for item in request.session.items
        if item.path == request.path and isinstance(item, pytest.Function) and hasattr(item, "callspec")
    }
    return bench.compute([name for name in NAMES if name in chosen])
