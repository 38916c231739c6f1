"""An engine that starts no Java for plain plans."""

from __future__ import annotations

import pytest

from tests.servers import engine_on


@pytest.fixture(scope="package")
def native(native_backend, shared_options):
    with engine_on(native_backend, **shared_options) as engine:
        yield engine
