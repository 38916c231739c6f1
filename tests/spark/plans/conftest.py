"""Fixtures: an offline session, with PySpark's functions on the Connect side."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.spark.plans.offline import Offline


@pytest.fixture(autouse=True, scope="package")
def connect_mode() -> Iterator[None]:
    """Without it, pyspark.sql.functions asks for a SparkContext."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONNECT_MODE_ENABLED", "1")
        yield


@pytest.fixture(scope="package")
def offline(connect_mode: None) -> Offline:
    return Offline()
