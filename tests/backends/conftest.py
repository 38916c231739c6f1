"""A server of each kind, shared with all other tests."""

from __future__ import annotations

import pytest

from engine.backends.base import Backend
from tests.servers import BOTH, QUICK_ON_SAIL

# For tests that end servers, or ask hundreds of times: on Spark such a test takes twenty seconds.
quick_on_sail = pytest.mark.parametrize("backend", QUICK_ON_SAIL, indirect=True)


@pytest.fixture(params=BOTH)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each local server in turn."""
    server: Backend = request.getfixturevalue(f"{request.param}_backend")
    return server
