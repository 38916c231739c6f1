"""A plugin of pytest: which tests share a process when several run them.

Tests of a file stay together, because they share fixtures; those on Spark apart from the others, because they
take long. In some folders all tests on Spark share a Java server and stay together, since two of those would
warm up beside each other for minutes. The process that hands out tests knows their ids alone, so tests on
Spark say so in their names or parameters; that is checked.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

try:
    from xdist.scheduler import LoadScopeScheduling
except ImportError:  # pytest -p no:xdist, or not installed
    LoadScopeScheduling = object

_ON_SPARK = re.compile(r"_on_spark\.py::|::test_(\w+_)?spark(_|\b)|[\[-]spark[\]-]")
# Where tests on Spark use the server of the test session, and not one of their own.
_SHARED = ("backends", "frames", "fusion", "hostile", "plans", "sql")


def is_on_spark(nodeid: str) -> bool:
    """Whether a test's id says that it needs a Spark server."""
    return _ON_SPARK.search(nodeid) is not None


class ByFileAndServer(LoadScopeScheduling):
    """Gives each process whole files, and one of them all that shares a Spark server."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if not is_on_spark(nodeid):
            return file
        folder = file.removeprefix("tests/").partition("/")[0]
        return "spark" if folder in _SHARED else f"{file} on Spark"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFileAndServer:
    """Replace xdist's own ways to hand out tests."""
    return ByFileAndServer(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Check that markers and ids agree."""
    wrong = [
        item.nodeid
        for item in items
        if is_on_spark(item.nodeid) is (item.get_closest_marker("spark") is None)
    ]
    if wrong:
        raise pytest.UsageError("marked as on Spark, or named so, but not both:\n" + "\n".join(wrong))
