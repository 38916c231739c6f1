"""A server of each kind, shared with all other tests."""

from __future__ import annotations

import pytest

from engine.backends.base import Backend

LOCAL_SERVERS = (
    pytest.param("spark", marks=pytest.mark.spark),
    pytest.param("sail", marks=pytest.mark.sail),
)

# For tests that end servers, or ask hundreds of times: on Spark such a test takes twenty seconds.
quick_on_sail = pytest.mark.parametrize(
    "backend",
    [
        pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.slow]),
        pytest.param("sail", marks=pytest.mark.sail),
    ],
    indirect=True,
)


@pytest.fixture(params=LOCAL_SERVERS)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each local server in turn."""
    server: Backend = request.getfixturevalue(f"{request.param}_backend")
    return server
