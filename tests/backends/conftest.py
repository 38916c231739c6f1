"""A server of each kind, shared with all other tests."""

from __future__ import annotations

import pytest

from engine.backends.base import Backend

LOCAL_SERVERS = (
    pytest.param("spark", marks=pytest.mark.spark),
    pytest.param("sail", marks=pytest.mark.sail),
)


@pytest.fixture(params=LOCAL_SERVERS)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each local server in turn."""
    server: Backend = request.getfixturevalue(f"{request.param}_backend")
    return server
