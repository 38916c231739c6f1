"""What the tests of shared queries share: an author's PySpark without a server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.spark.plans.offline import Offline


@pytest.fixture(scope="module")
def offline() -> Iterator[Offline]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONNECT_MODE_ENABLED", "1")
        yield Offline()
